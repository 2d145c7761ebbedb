// One request and its answer, as the stand-ins of services see it. SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';

const MOST_BODY = 64 * 1024 * 1024;

export const randomId = (prefix) => prefix + randomBytes(9).toString('hex');
export const sha256 = (octets) => createHash('sha256').update(octets).digest('hex');
export const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export class Exchange {
  constructor({ state, request, response, record, url, origin }) {
    Object.assign(this, { state, request, response, record, url, origin });
    this.gone = new Promise((resolve) => {
      response?.on('close', resolve);
    });
  }

  get path() {
    return this.url.pathname;
  }
  get method() {
    return this.request.method;
  }

  /** Reads the body in pieces; what is read is looked at for passes and counted. */
  async *pieces() {
    const hash = createHash('sha256');
    for await (const piece of this.request) {
      hash.update(piece);
      this.record.body_bytes += piece.length;
      this.state.see(this.record, piece);
      yield piece;
    }
    this.record.body_sha256 = hash.digest('hex');
  }

  async body() {
    const pieces = [];
    for await (const piece of this.pieces()) {
      pieces.push(piece);
      if (this.record.body_bytes > MOST_BODY) throw new Error('body too large for a stand-in');
    }
    return Buffer.concat(pieces);
  }

  async json() {
    const octets = await this.body();
    return octets.length === 0 ? {} : JSON.parse(octets.toString('utf8'));
  }

  answer(status, headers, octets = '') {
    if (this.record.violations.length > 0 && status < 400) return this.refuse();
    this.record.status = status;
    this.response.writeHead(status, headers);
    this.response.end(octets);
    return undefined;
  }

  answerJson(status, value, headers = {}) {
    this.answer(
      status,
      { 'content-type': 'application/json; charset=utf-8', ...headers },
      JSON.stringify(value),
    );
  }

  /** The answer to anything that should never have arrived here. */
  refuse() {
    this.record.status = 500;
    const text = `strongroom stand-in: VIOLATION: ${this.record.violations.join('; ')}\n`;
    this.response.writeHead(500, {
      'content-type': 'text/plain; charset=utf-8',
      connection: 'close',
    });
    this.response.end(text);
    this.request.resume();
  }

  /** Begins an answer of unknown length; `write` waits for the reader, `end` ends it. False from `write`: they are gone. */
  begin(status, headers) {
    if (this.record.violations.length > 0) {
      this.refuse();
      return undefined;
    }
    this.record.status = status;
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
    const { response, state } = this;
    const entry = state.opened('answer', this.record);
    response.on('close', () => {
      this.record.finished = response.writableFinished;
      state.closed(entry);
    });
    return {
      write: async (octets) => {
        if (response.destroyed) return false;
        entry.progress += octets.length;
        if (!response.write(octets))
          await Promise.race([once(response, 'drain').catch(() => {}), this.gone]);
        return !response.destroyed;
      },
      end: () => response.end(),
    };
  }

  /**
   * Sends `lines` as server-sent events. The knobs of the control plane may repeat a middle event, slow it down, or hold
   * the stream open before its last events until a test says `release`.
   */
  async events({ first, middle, last, format }) {
    const stream = this.begin(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    });
    if (!stream) return;
    const { events, interval_ms: interval, hold } = this.state.stream;
    for (const event of first) if (!(await stream.write(format(event)))) return;
    for (let i = 0; i < events; i += 1) {
      if (interval > 0) await pause(interval);
      if (!(await stream.write(format(middle(i, events))))) return;
    }
    if (hold) await this.state.held(this.gone);
    for (const event of last) if (!(await stream.write(format(event)))) return;
    stream.end();
  }
}

/** Splits `text` into `count` parts that together are the text again. */
export function partOf(text, index, count) {
  const size = Math.ceil(text.length / count);
  return text.slice(index * size, (index + 1) * size);
}

/** Octets that look like audio and depend on `text`, so that a test can prove where they came from. */
export function audioOf(text, size = 48 * 1024) {
  const seed = createHash('sha256').update(text).digest();
  const octets = Buffer.alloc(size);
  for (let i = 0; i < size; i += seed.length) seed.copy(octets, i);
  octets.write('ID3\u0004', 0, 'latin1');
  return octets;
}

/** The fields and files of a multipart body, good enough for what SDKs send. */
export function multipart(octets, contentType) {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  const parts = {};
  if (!boundary) return parts;
  for (const part of octets.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const cut = part.indexOf('\r\n\r\n');
    const head = part.slice(0, cut);
    const name = /name="([^"]*)"/.exec(head)?.[1];
    const content = Buffer.from(part.slice(cut + 4, -2), 'latin1');
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    parts[name] = filename === undefined ? content.toString('utf8') : { filename, content };
  }
  return parts;
}
