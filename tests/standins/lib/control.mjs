// The control plane: plain HTTP on a loopback port of its own, for tests only. SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';

import { SERVICES } from './services.mjs';

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8');
  return text === '' ? {} : JSON.parse(text);
}

function setKeys(state, service, { accepted, revoked }) {
  const keys = state.keys[service];
  if (accepted) keys.accepted = new Set(accepted);
  if (revoked) keys.revoked = new Set(revoked);
}

function requestsOf(state, url) {
  const wanted = (name, actual) =>
    url.searchParams.get(name) === null || url.searchParams.get(name) === String(actual);
  const since = Number(url.searchParams.get('since') ?? 0);
  return state.requests
    .filter(
      (record) =>
        record.id > since && wanted('service', record.service) && wanted('path', record.path),
    )
    .map((record) => state.shown(record));
}

const ROUTES = {
  'GET /state': (state) => ({
    mode: state.mode,
    open: state.open.size,
    requests: state.nextRequest - 1,
    violations: state.violations.length,
    dropped: state.dropped,
  }),
  'PUT /keys': (state, body) => {
    setKeys(state, body.service, body);
    return {};
  },
  'POST /revoke': (state, body) => {
    state.revoke(body.service, body.key);
    return {};
  },
  'POST /accept': (state, body) => {
    state.accept(body.service, body.key);
    return {};
  },
  'POST /passes': (state, body) => {
    state.learn(body.passes ?? [], body.patterns ?? []);
    return {};
  },
  'PUT /mode': (state, body) => {
    state.mode = body.mode;
    return {};
  },
  'PUT /stream': (state, body) => {
    state.stream = { events: 3, interval_ms: 0, hold: false, ...body };
    return state.stream;
  },
  'PUT /keeps-keys': (state, body) => {
    state.keepsKeys = body.keeps;
    return {};
  },
  'PUT /failure': (state, body) => {
    state.failures[body.service] = body;
    return {};
  },
  'POST /release': (state) => {
    state.release();
    return {};
  },
  'GET /requests': (state, _body, url) => requestsOf(state, url),
  'GET /violations': (state) => JSON.parse(state.masked(JSON.stringify(state.violations))),
  'GET /open': (state) => [...state.open.values()],
  'POST /clear': (state) => {
    state.clear();
    return {};
  },
};

export function makeControl(state, stop) {
  return createServer(async (request, response) => {
    const url = new URL(request.url, 'http://control');
    const answer = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    try {
      const body = await bodyOf(request);
      if (`${request.method} ${url.pathname}` === 'POST /stop') {
        answer(200, {});
        stop();
        return;
      }
      const route = ROUTES[`${request.method} ${url.pathname}`];
      if (!route) {
        answer(404, { error: 'no such route' });
        return;
      }
      if (body.service !== undefined && !SERVICES[body.service]) {
        answer(400, { error: 'no such service' });
        return;
      }
      answer(200, route(state, body, url));
    } catch (error) {
      answer(400, { error: error.message });
    }
  });
}
