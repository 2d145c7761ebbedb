// Proves that the stand-ins see what they must see: each kind of violation, and none in a right request.
// Run: node --test test/. SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import WebSocket from 'ws';

const folder = mkdtempSync(join(tmpdir(), 'standins-test-'));
const KEY = 'AIzaTheRealKeyOfThisTest0000000000000000';
const HOST = 'generativelanguage.googleapis.com';
let child;
let facts;
let ca;

before(async () => {
  child = spawn('node', [join(import.meta.dirname, '..', 'standins.mjs'), '--dir', folder], {
    stdio: 'ignore',
  });
  const ready = join(folder, 'standins.json');
  for (let tries = 0; !existsSync(ready) && tries < 3000; tries += 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  facts = JSON.parse(readFileSync(ready, 'utf8'));
  ca = readFileSync(join(folder, 'ca.pem'));
});

after(() => {
  child.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function control(method, path, body) {
  const options = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  return (await fetch(`http://127.0.0.1:${facts.control}${path}`, options)).json();
}

function call(path, headers, { method = 'GET', body, host = HOST, servername = host } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: facts.port,
        path,
        method,
        ca,
        servername,
        headers: { host, ...headers },
      },
      (answer) => {
        const pieces = [];
        answer.on('data', (piece) => pieces.push(piece));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode,
            headers: answer.headers,
            body: Buffer.concat(pieces).toString('utf8'),
          }),
        );
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function violations() {
  return (await control('GET', '/violations')).map(({ what }) => what);
}

beforeEach(async () => {
  await control('PUT', '/keys', { service: 'gemini', accepted: [KEY], revoked: [] });
  await control('PUT', '/keys', { service: 'openai', accepted: ['sk-of-openai'], revoked: [] });
  await control('POST', '/clear', {});
});

test('a right request is answered and labelled', async () => {
  const answer = await call('/v1/models', { 'x-goog-api-key': KEY });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-strongroom-standin'], '1');
  assert.deepEqual(await violations(), []);
});

const WRONG = {
  'no key': ['/v1/models', {}],
  'credential in the wrong slot: query:key': [`/v1/models?key=${KEY}`, {}],
  'credential in the wrong slot: authorization': ['/v1/models', { authorization: `Bearer ${KEY}` }],
  'two credentials at once: x-goog-api-key, query:key': [
    `/v1/models?key=${KEY}`,
    { 'x-goog-api-key': KEY },
  ],
  'two credentials at once: authorization, x-goog-api-key': [
    '/v1/models',
    { authorization: 'Bearer x', 'x-goog-api-key': KEY },
  ],
  'key of another service: openai': ['/v1/models', { 'x-goog-api-key': 'sk-of-openai' }],
  'key of gemini in another header': ['/v1/models', { 'x-goog-api-key': KEY, 'user-agent': KEY }],
  'key of gemini in the path': [`/v1/models/${KEY}`, { 'x-goog-api-key': KEY }],
  'hop-by-hop leftover: te': ['/v1/models', { 'x-goog-api-key': KEY, te: 'gzip' }],
  'hop-by-hop leftover: proxy-connection': [
    '/v1/models',
    { 'x-goog-api-key': KEY, 'proxy-connection': 'keep-alive' },
  ],
  'hop-by-hop leftover: connection: x-y': [
    '/v1/models',
    { 'x-goog-api-key': KEY, connection: 'close, x-y' },
  ],
  'header of the gateway itself: x-strongroom-session': [
    '/v1/models',
    { 'x-goog-api-key': KEY, 'x-strongroom-session': '1' },
  ],
};

for (const [what, [path, headers]] of Object.entries(WRONG)) {
  test(`violation: ${what}`, async () => {
    const answer = await call(path, headers);
    assert.equal(answer.status, 500);
    assert.match(answer.body, /VIOLATION/);
    assert.ok((await violations()).includes(what), (await violations()).join());
  });
}

test('violation: an SNI that is not the Host', async () => {
  assert.equal(
    (await call('/v1/models', { 'x-goog-api-key': KEY }, { servername: 'api.openai.com' })).status,
    500,
  );
});

test('an unknown credential is answered as the provider does, and kept as a violation', async () => {
  const answer = await call('/v1/models', { 'x-goog-api-key': 'AIzaNobody' });
  assert.equal(answer.status, 400);
  assert.match(answer.body, /API_KEY_INVALID/);
  assert.deepEqual(await violations(), ['a credential that is not the real key']);
});

test('a key revoked at the provider is no violation', async () => {
  await control('POST', '/revoke', { service: 'gemini', key: KEY });
  assert.equal((await call('/v1/models', { 'x-goog-api-key': KEY })).status, 400);
  assert.deepEqual(await violations(), []);
});

test('a pass is found in head and body, also when it becomes known later', async () => {
  const body = JSON.stringify({ contents: [{ parts: [{ text: 'pass-of-a-workroom' }] }] });
  assert.equal(
    (
      await call(
        '/v1/models/m:generateContent',
        { 'x-goog-api-key': KEY },
        { method: 'POST', body },
      )
    ).status,
    200,
  );
  await control('POST', '/passes', { passes: ['pass-of-a-workroom'] });
  assert.deepEqual(await violations(), ['carries a pass']);
  assert.equal(
    (
      await call(
        '/v1/models/m:generateContent',
        { 'x-goog-api-key': KEY },
        { method: 'POST', body },
      )
    ).status,
    500,
  );
  assert.equal(
    (await call('/v1/models?x=pass-of-a-workroom', { 'x-goog-api-key': KEY })).status,
    500,
  );
  assert.equal((await violations()).length, 3);
});

test('a pass in a websocket message ends the socket', async () => {
  await control('POST', '/passes', { passes: ['pass-in-a-message'] });
  const ws = new WebSocket(`wss://127.0.0.1:${facts.port}/standin/ws`, {
    ca,
    servername: HOST,
    headers: { host: HOST, 'x-goog-api-key': KEY },
  });
  ws.on('open', () => ws.send('here is my pass-in-a-message'));
  const code = await new Promise((resolve) => {
    ws.on('close', resolve);
  });
  assert.equal(code, 1008);
  assert.deepEqual(await violations(), ['carries a pass']);
});

test('no record shows a key', async () => {
  await call('/v1/models', { 'x-goog-api-key': KEY });
  const text = JSON.stringify(await control('GET', '/requests'));
  assert.ok(text.includes('<key of gemini>') && !text.includes(KEY));
});
