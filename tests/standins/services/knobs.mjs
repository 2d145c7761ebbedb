// Paths under /standin/ that every host has, for what no provider offers on order. SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { createBrotliCompress, createDeflate, createDeflateRaw, createGzip } from 'node:zlib';

import { pause } from '../lib/exchange.mjs';

const BLOCK = Buffer.alloc(64 * 1024, 'strongroom stand-in download block. ');

function number(url, name, otherwise) {
  const text = url.searchParams.get(name);
  return text === null ? otherwise : Number(text);
}

async function download(exchange) {
  let left = number(exchange.url, 'bytes', 1024);
  const headers = { 'content-type': 'application/octet-stream' };
  if (exchange.url.searchParams.get('chunked') === null) headers['content-length'] = String(left);
  const stream = exchange.begin(200, headers);
  if (!stream) return;
  while (left > 0) {
    const piece = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
    if (!(await stream.write(piece))) return;
    left -= piece.length;
  }
  stream.end();
}

/** Counts and hashes; with `stall_after` it stops reading there until a test says `release`. */
async function upload(exchange) {
  const stallAfter = number(exchange.url, 'stall_after', Infinity);
  const entry = exchange.state.opened('upload', exchange.record);
  const hash = createHash('sha256');
  let stalled = false;
  try {
    for await (const piece of exchange.pieces()) {
      hash.update(piece);
      entry.progress += piece.length;
      if (!stalled && entry.progress >= stallAfter) {
        stalled = true;
        await exchange.state.held(exchange.gone);
      }
    }
  } finally {
    exchange.state.closed(entry);
  }
  exchange.answerJson(200, { bytes: exchange.record.body_bytes, sha256: hash.digest('hex') });
}

async function events(exchange) {
  const count = number(exchange.url, 'events', 10);
  const interval = number(exchange.url, 'interval_ms', 0);
  const stream = exchange.begin(200, { 'content-type': 'text/event-stream' });
  if (!stream) return;
  for (let i = 0; i < count; i += 1) {
    if (!(await stream.write(`id: ${i}\ndata: event ${i}\n\n`))) return;
    if (interval > 0) await pause(interval);
  }
  if (exchange.url.searchParams.get('hold') !== null) await exchange.state.held(exchange.gone);
  stream.end();
}

const CODERS = {
  gzip: ['gzip', createGzip],
  deflate: ['deflate', createDeflate],
  bare: ['deflate', createDeflateRaw],
  br: ['br', createBrotliCompress],
};

/** Says back the request's headers, the key among them, compressed without being asked; flushed every few octets. */
async function coded(exchange) {
  const [coding, make] = CODERS[exchange.url.searchParams.get('coding') ?? 'gzip'];
  const stream = exchange.begin(200, {
    'content-type': 'application/json',
    'content-encoding': coding,
    etag: '"coded"',
  });
  if (!stream) return;
  const coder = make();
  const feed = async () => {
    const text = JSON.stringify(exchange.request.headers);
    for (let at = 0; at < text.length; at += 11) {
      coder.write(text.slice(at, at + 11));
      await new Promise((resolve) => {
        coder.flush(resolve);
      });
    }
    coder.end();
  };
  const fed = feed();
  for await (const octets of coder) if (!(await stream.write(octets))) return;
  await fed;
  stream.end();
}

export async function handle(exchange) {
  const { path, url } = exchange;
  if (path === '/standin/download') return download(exchange);
  if (path === '/standin/upload') return upload(exchange);
  if (path === '/standin/sse') return events(exchange);
  if (path === '/standin/coded') return coded(exchange);
  const octets = await exchange.body();
  if (path === '/standin/redirect') {
    return exchange.answer(number(url, 'status', 302), {
      location: url.searchParams.get('to') ?? '/standin/echo',
      'content-length': '0',
    });
  }
  if (path === '/standin/status')
    return exchange.answerJson(number(url, 'code', 200), { standin: true });
  if (path === '/standin/echo') {
    const headers = Object.fromEntries(Object.entries(exchange.request.headers));
    const shown = JSON.parse(
      exchange.state.masked(
        JSON.stringify({ method: exchange.method, path: url.pathname + url.search, headers }),
      ),
    );
    return exchange.answerJson(200, {
      ...shown,
      body: exchange.state.masked(octets.toString('utf8')),
      bytes: octets.length,
    });
  }
  return exchange.answerJson(404, { error: `no knob ${path}` });
}

export const hasSocket = (path) => path === '/standin/ws';

/** Counts for ever, and says back what it hears. */
export function socket({ ws, url }) {
  const interval = number(url, 'interval_ms', 20);
  let count = 0;
  const timer = setInterval(() => {
    ws.send(`tick ${count}`);
    count += 1;
  }, interval);
  ws.on('message', (octets, binary) => ws.send(octets, { binary }));
  ws.on('close', () => clearInterval(timer));
}
