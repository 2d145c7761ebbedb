// Takes connections, finds the stand-in by the Host header, judges each request, lets the stand-in answer.
//
// Directly (no gateway between), the plain port takes `/SERVICE/path` and `/SERVICE@HOST/path`, the same form a gateway
// has, so that SDKs can be proven against the stand-ins alone. SPDX-License-Identifier: Apache-2.0
import { createServer as createPlain } from 'node:http';
import { createServer as createTls } from 'node:https';
import { WebSocketServer } from 'ws';

import * as anthropic from '../services/anthropic.mjs';
import * as checked from '../services/checked.mjs';
import * as elevenlabs from '../services/elevenlabs.mjs';
import * as firecrawl from '../services/firecrawl.mjs';
import * as gemini from '../services/gemini.mjs';
import * as generic from '../services/generic.mjs';
import * as github from '../services/github.mjs';
import * as gitlab from '../services/gitlab.mjs';
import * as heygen from '../services/heygen.mjs';
import * as knobs from '../services/knobs.mjs';
import * as openai from '../services/openai.mjs';
import * as packages from '../services/packages.mjs';
import * as slack from '../services/slack.mjs';
import { Exchange } from './exchange.mjs';
import { judge, judgeStray, placeOf } from './inspect.mjs';
import { CREDENTIAL_HEADERS, SERVICES } from './services.mjs';

const STANDINS = {
  ...checked,
  anthropic,
  elevenlabs,
  firecrawl,
  gemini,
  generic,
  github,
  gitlab,
  heygen,
  openai,
  packages,
  'public-packages': packages,
  slack,
};
const LABEL = { 'x-strongroom-standin': '1' };

/** Where a request wants to go: service, host, its own URL, and how absolute URLs back to us begin. */
function destination(request, direct) {
  if (!direct) {
    const { host, service } = placeOf(request);
    return {
      host,
      service,
      url: new URL(request.url.replace(/^\/+/, '/'), `https://${host || 'none'}`),
      origin: `https://${host}`,
    };
  }
  const [, first, rest] = /^\/([^/?]+)(.*)$/.exec(request.url) ?? [];
  const [service, named] = (first ?? '').split('@');
  const host = named ?? SERVICES[service]?.hosts[0] ?? '';
  return {
    host,
    service: SERVICES[service] && service,
    url: new URL(rest || '/', `https://${host || 'none'}`),
    origin: `http://${request.headers.host}/${first}`,
  };
}

/** The head as octets, for the search for passes. */
function headText(request) {
  let text = `${request.method} ${request.url}\n`;
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    text += `${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}\n`;
  return text;
}

function otherHeaders(request) {
  let text = '';
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i].toLowerCase();
    if (!CREDENTIAL_HEADERS.includes(name) && name !== 'sec-websocket-protocol')
      text += `${request.rawHeaders[i + 1]}\n`;
  }
  return text;
}

/** Makes the record of a request, judges its head, and answers how its credential stands. */
function admit(state, request, direct) {
  const place = destination(request, direct);
  const query = [...place.url.searchParams.entries()].map(([name, value]) => [
    name,
    state.masked(value),
  ]);
  const record = state.record({
    service: place.service,
    host: place.host,
    method: request.method,
    path: place.url.pathname,
    query,
    headers: request.headers,
    direct,
    kept: direct ? '' : headText(request),
  });
  if (!place.service) {
    state.violate(record, `no stand-in for host ${place.host || request.url}`);
    return { place, record, standing: 'unknown' };
  }
  const standin = STANDINS[place.service];
  const keyOptional =
    (standin.keyOptional?.(place.url) === true && direct) ||
    standin.takesNoKeyFor?.(request.method, place.url.pathname) === true;
  const standing = judge(state, record, request, place.url, { direct, keyOptional });
  judgeStray(state, record, place.url.pathname, 'the path');
  judgeStray(state, record, otherHeaders(request), 'another header');
  record.standing = standing;
  return { place, record, standing };
}

async function serve(state, request, response, direct) {
  for (const [name, value] of Object.entries(LABEL)) response.setHeader(name, value);
  const { place, record, standing } = admit(state, request, direct);
  const exchange = new Exchange({
    state,
    request,
    response,
    record,
    url: place.url,
    origin: place.origin,
  });
  try {
    const standin = STANDINS[place.service];
    if (standing === 'revoked' && record.violations.length === 0) {
      request.resume();
      standin.badKey(exchange);
      return;
    }
    if (record.violations.length > 0) {
      if (standing === 'unknown' && standin && record.violations.length === 1) {
        request.resume();
        standin.badKey(exchange);
      } else exchange.refuse();
      return;
    }
    const failure = state.failures[place.service];
    if (failure?.times > 0) {
      failure.times -= 1;
      request.resume();
      exchange.answer(
        failure.status,
        { 'content-type': 'application/json' },
        JSON.stringify(failure.body ?? {}),
      );
      return;
    }
    await (place.url.pathname.startsWith('/standin/') ? knobs : standin).handle(exchange);
  } catch (error) {
    record.error = error.message;
    if (response.headersSent) response.destroy();
    else exchange.answerJson(400, { error: `strongroom stand-in: ${error.message}` });
  }
}

function refuseUpgrade(record, raw, status, text) {
  record.status = status;
  raw.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain\r\nx-strongroom-standin: 1\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

function upgrade(state, sockets, request, raw, head, direct) {
  raw.on('error', () => {});
  const { place, record, standing } = admit(state, request, direct);
  record.upgrade = true;
  if (standing === 'revoked' || standing === 'unknown') {
    refuseUpgrade(record, raw, 401, 'bad key');
    return;
  }
  if (record.violations.length > 0) {
    refuseUpgrade(
      record,
      raw,
      500,
      `strongroom stand-in: VIOLATION: ${record.violations.join('; ')}\n`,
    );
    return;
  }
  const standin = [knobs, STANDINS[place.service]].find((one) =>
    one.hasSocket?.(place.url.pathname),
  );
  if (!standin) {
    refuseUpgrade(record, raw, 404, 'no socket here');
    return;
  }
  sockets.handleUpgrade(request, raw, head, (ws) => {
    record.status = 101;
    const entry = state.opened('websocket', record);
    const violate = (what) => {
      state.violate(record, what);
      ws.close(1008, 'violation');
    };
    let isFirst = true;
    ws.on('message', (octets) => {
      record.body_bytes += octets.length;
      entry.progress += octets.length;
      state.see(record, octets);
      const text = octets.toString('latin1');
      const rest = isFirst ? (standin.withoutLogin?.(state, text) ?? text) : text;
      isFirst = false;
      judgeStray(state, record, rest, 'a message');
      if (record.violations.length > 0) ws.close(1008, 'violation');
    });
    ws.on('error', () => {});
    ws.on('close', (code) => {
      record.closed = code;
      state.closed(entry);
    });
    standin.socket({ ws, state, record, url: place.url, violate });
  });
}

function wire(server, state, direct) {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  sockets.on('headers', (headers) => headers.push('x-strongroom-standin: 1'));
  server.on('request', (request, response) => serve(state, request, response, direct));
  server.on('upgrade', (request, raw, head) => upgrade(state, sockets, request, raw, head, direct));
  server.on('clientError', (error, raw) => {
    // A connection that is simply cut is no malformed request.
    if (!['ECONNRESET', 'EPIPE', 'HPE_INVALID_EOF_STATE'].includes(error.code)) {
      const nobody = { service: null, host: '', method: '', path: '', query: [], headers: {} };
      state.violate(state.record(nobody), `malformed request: ${error.code}`);
    }
    raw.destroy();
  });
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 60_000;
  return server;
}

export function makeTls(state, { certificate, key }) {
  return wire(createTls({ cert: certificate, key, ALPNProtocols: ['http/1.1'] }), state, false);
}

export function makeDirect(state) {
  return wire(createPlain(), state, true);
}
