// What the stand-ins know and saw: accepted and revoked keys, passes that must never arrive, every request.
//
// Keys are replaced by `<key of SERVICE>` in all that is kept or shown, so that no record of ours is a leak of its own.
// SPDX-License-Identifier: Apache-2.0
import { SERVICES } from './services.mjs';

const KEPT_BODY = 256 * 1024; // octets of each body kept for passes that become known later
const KEPT_REQUESTS = 20_000;

export class State {
  constructor() {
    this.keys = Object.fromEntries(
      Object.keys(SERVICES).map((name) => [name, { accepted: new Set(), revoked: new Set() }]),
    );
    this.passes = new Set();
    this.patterns = [];
    this.mode = 'gateway';
    this.clear();
    this.stream = { events: 3, interval_ms: 0, hold: false };
    this.failures = {};
    this.keepsKeys = false; // a provider that answers a revocation, and goes on taking the key
    this.open = new Map();
    this.waiting = new Set();
    this.nextOpen = 1;
  }

  clear() {
    this.requests = [];
    this.violations = [];
    this.dropped = 0;
    this.nextRequest = 1;
  }

  /** As in the provider's own console. */
  revoke(service, key) {
    this.keys[service].accepted.delete(key);
    this.keys[service].revoked.add(key);
  }

  accept(service, key) {
    this.keys[service].revoked.delete(key);
    this.keys[service].accepted.add(key);
  }

  /** Which service `key` belongs to, accepted or revoked; undefined when it is nobody's. */
  ownerOf(key) {
    for (const [name, keys] of Object.entries(this.keys)) {
      if (keys.accepted.has(key) || keys.revoked.has(key)) return name;
    }
    return undefined;
  }

  *everyKey() {
    for (const [name, keys] of Object.entries(this.keys)) {
      for (const key of keys.accepted) yield [name, key];
      for (const key of keys.revoked) yield [name, key];
    }
  }

  /** `text` with every known key replaced by a label. */
  masked(text) {
    let shown = String(text);
    for (const [name, key] of this.everyKey()) shown = shown.replaceAll(key, `<key of ${name}>`);
    return shown;
  }

  holdsPass(text) {
    for (const pass of this.passes) if (text.includes(pass)) return true;
    return this.patterns.some((pattern) => pattern.test(text));
  }

  /** Adds passes and patterns, and looks for them in all that was seen before they were known. */
  learn(passes, patterns) {
    for (const pass of passes) this.passes.add(pass);
    for (const pattern of patterns) this.patterns.push(new RegExp(pattern));
    for (const record of this.requests) this.#scan(record, record.kept);
  }

  record(fields) {
    const record = {
      id: this.nextRequest++,
      time: Date.now(),
      violations: [],
      body_bytes: 0,
      ...fields,
    };
    record.kept = fields.kept ?? '';
    this.requests.push(record);
    if (this.requests.length > KEPT_REQUESTS) {
      this.requests.shift();
      this.dropped += 1;
    }
    this.#scan(record, record.kept);
    return record;
  }

  violate(record, what) {
    if (record.violations.includes(what)) return;
    record.violations.push(what);
    this.violations.push({
      request: record.id,
      service: record.service,
      method: record.method,
      path: record.path,
      what,
    });
  }

  /** Looks at more octets of a request's body or of a websocket's messages. */
  see(record, octets) {
    const text = octets.toString('latin1');
    const overlap = record.tail ?? '';
    this.#scan(record, overlap + text);
    record.tail = (overlap + text).slice(-256);
    if (record.kept.length < KEPT_BODY)
      record.kept += text.slice(0, KEPT_BODY - record.kept.length);
  }

  #scan(record, text) {
    if (this.holdsPass(text)) this.violate(record, 'carries a pass');
  }

  shown(record) {
    const { kept, tail, ...rest } = record;
    return JSON.parse(this.masked(JSON.stringify(rest)));
  }

  /** Notes something that stays open (stream, websocket, upload); `progress` is updated by its owner. */
  opened(kind, record) {
    const entry = {
      id: this.nextOpen++,
      kind,
      service: record.service,
      path: record.path,
      request: record.id,
      progress: 0,
    };
    this.open.set(entry.id, entry);
    return entry;
  }

  closed(entry) {
    this.open.delete(entry.id);
  }

  /** Resolves when a test says `release`, or when `gone` does. */
  async held(gone) {
    let release;
    const told = new Promise((resolve) => {
      release = resolve;
    });
    this.waiting.add(release);
    await Promise.race([told, gone]);
    this.waiting.delete(release);
  }

  release() {
    for (const release of this.waiting) release();
    this.waiting.clear();
  }
}
