// @mendable/firecrawl-js: the crawl watcher, which offers its key as the websocket's subprotocol.
// SPDX-License-Identifier: Apache-2.0
import Firecrawl from '@mendable/firecrawl-js';
import WebSocket from 'ws';
import { nonce, report } from './report.mjs';

// Node 20 has no WebSocket of its own; the SDK uses the global one where there is one.
globalThis.WebSocket ??= WebSocket;

await report(['FIRECRAWL_API_KEY'], async (assert) => {
  const client = new Firecrawl();
  const started = await client.startCrawl(`https://example.test/${nonce()}`, { limit: 4 });
  const watcher = client.watcher(started.id, { kind: 'crawl', pollInterval: 1, timeout: 20 });
  const documents = [];
  const done = new Promise((resolve, reject) => {
    watcher.on('document', (document) => documents.push(document));
    watcher.on('done', resolve);
    watcher.on('error', (error) => reject(new Error(JSON.stringify(error))));
  });
  await watcher.start();
  await done;
  assert.ok(documents.length >= 4);
  return { documents: documents.length };
});
