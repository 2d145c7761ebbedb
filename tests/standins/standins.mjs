#!/usr/bin/env node
// Stand-ins of providers, for tests: not the providers. See README.md. SPDX-License-Identifier: Apache-2.0
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { makeCertificates } from './lib/certificates.mjs';
import { makeControl } from './lib/control.mjs';
import { makeDirect, makeTls } from './lib/server.mjs';
import { HOSTS } from './lib/services.mjs';
import { State } from './lib/state.mjs';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    'direct-port': { type: 'string', default: '0' },
  },
});
if (!values.dir) {
  console.error('usage: standins.mjs --dir DIR [--port N] [--control-port N] [--direct-port N]');
  process.exit(2);
}

const listen = (server, port) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), '127.0.0.1', () => resolve(server.address().port));
  });

const state = new State();
const certificates = makeCertificates(Object.keys(HOSTS));
const stop = () => {
  setTimeout(() => process.exit(0), 50);
};
mkdirSync(values.dir, { recursive: true });
writeFileSync(join(values.dir, 'ca.pem'), certificates.ca);
const ready = {
  port: await listen(makeTls(state, certificates), values.port),
  control: await listen(makeControl(state, stop), values['control-port']),
  direct: await listen(makeDirect(state), values['direct-port']),
  pid: process.pid,
  hosts: Object.keys(HOSTS),
};
writeFileSync(join(values.dir, 'standins.json.new'), JSON.stringify(ready));
renameSync(join(values.dir, 'standins.json.new'), join(values.dir, 'standins.json'));
console.log(`stand-ins ready: tls ${ready.port}, control ${ready.control}, direct ${ready.direct}`);
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
