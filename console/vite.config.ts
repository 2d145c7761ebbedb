// SPDX-License-Identifier: Apache-2.0
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npm run dev` serves the sources and hands calls on to a running server: STRONGROOM_URL, or the usual address.
const server = process.env.STRONGROOM_URL ?? 'http://127.0.0.1:8700';

export default defineConfig({
  plugins: [react()],
  // Nothing inline and nothing from elsewhere: the server's content security policy allows its own files alone.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, emptyOutDir: true, reportCompressedSize: false },
  server: {
    proxy: {
      '/api': {
        target: server,
        changeOrigin: true,
        // The server refuses what another site's page asks; here the page is the developer's own.
        configure: (proxy) => {
          proxy.on('proxyReq', (request) => {
            request.removeHeader('origin');
            request.removeHeader('sec-fetch-site');
          });
        },
      },
    },
  },
});
