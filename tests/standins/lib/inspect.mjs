// Judges the head of a request: exactly one credential, the right one, in the right place; nothing that should have
// stayed at the gateway. SPDX-License-Identifier: Apache-2.0
import { CREDENTIAL_HEADERS, CREDENTIAL_QUERIES, HOSTS, SERVICES } from './services.mjs';

const HOP_BY_HOP = [
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'trailer',
];

/** All values that stand where a credential may stand: [{ slot, value }]. */
export function credentials(request, url) {
  const found = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i].toLowerCase();
    if (CREDENTIAL_HEADERS.includes(name))
      found.push({ slot: name, value: request.rawHeaders[i + 1] });
  }
  for (const name of CREDENTIAL_QUERIES) {
    for (const value of url.searchParams.getAll(name)) found.push({ slot: `query:${name}`, value });
  }
  const offered = request.headers['sec-websocket-protocol'];
  if (offered) {
    const last = offered
      .split(',')
      .map((part) => part.trim())
      .at(-1);
    if (!['realtime', 'graphql-ws'].includes(last))
      found.push({ slot: 'subprotocol', value: last });
  }
  return found;
}

function keyIn({ slot, value }) {
  if (slot === 'subprotocol') return value.replace(/^openai-insecure-api-key\./, '');
  if (slot !== 'authorization') return value;
  const [scheme, ...rest] = value.split(' ');
  if (scheme.toLowerCase() === 'basic')
    return Buffer.from(rest.join(' '), 'base64').toString().replace(/^[^:]*:/, '');
  return scheme.toLowerCase() === 'bearer' ? rest.join(' ') : value;
}

/**
 * Records violations of the head and answers how the credential stands:
 * 'accepted', 'revoked', 'foreign' (another service's key), 'unknown' or 'missing'.
 */
export function judge(state, record, request, url, { direct, keyOptional }) {
  const service = SERVICES[record.service];
  const upgrade = request.headers.upgrade !== undefined;
  const violate = (what) => state.violate(record, what);

  // Behind a plain tunnel: the client's own words, which no gateway has read.
  if (service.takesNoKey) {
    if (credentials(request, url).length > 0) violate('a credential where none belongs');
    return 'accepted';
  }
  for (const name of HOP_BY_HOP)
    if (request.headers[name] !== undefined && !direct) violate(`hop-by-hop leftover: ${name}`);
  // The one TE that a gateway's own is (RFC 9110 10.1.4).
  const takesTrailers = request.headers.te === 'trailers';
  if (request.headers.te !== undefined && !takesTrailers && !direct) violate('hop-by-hop leftover: te');
  const connection = (request.headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  for (const token of connection) {
    const isOurs =
      ['keep-alive', 'close', 'upgrade'].includes(token) || (token === 'te' && takesTrailers);
    if (!isOurs && !direct)
      violate(`hop-by-hop leftover: connection: ${token}`);
  }
  for (const name of Object.keys(request.headers)) {
    if (/^(x-strongroom|x-forwarded-|forwarded$|via$|x-real-ip$)/.test(name))
      violate(`header of the gateway itself: ${name}`);
  }
  const hosts = request.rawHeaders.filter(
    (value, i) => i % 2 === 0 && value.toLowerCase() === 'host',
  );
  if (hosts.length !== 1) violate('not exactly one Host');
  if (!direct) {
    const servername = request.socket.servername;
    if (servername !== record.host)
      violate(`SNI is ${servername || 'missing'}, Host is ${record.host}`);
  }

  const found = credentials(request, url);
  if (found.length > 1)
    violate(`two credentials at once: ${found.map(({ slot }) => slot).join(', ')}`);
  if (found.length === 0) {
    if (!keyOptional) violate('no key');
    return keyOptional ? 'accepted' : 'missing';
  }
  const [credential] = found;
  const right = [...service.right(url.pathname, upgrade), ...(direct ? service.also : [])];
  if (!right.includes(credential.slot)) violate(`credential in the wrong slot: ${credential.slot}`);
  const key = keyIn(credential);
  if (state.keys[record.service].accepted.has(key)) return 'accepted';
  if (state.keys[record.service].revoked.has(key)) return 'revoked';
  const owner = state.ownerOf(key);
  violate(owner ? `key of another service: ${owner}` : 'a credential that is not the real key');
  return owner ? 'foreign' : 'unknown';
}

/** No known key may stand anywhere but in its slot: not in the path, another header, or the body. */
export function judgeStray(state, record, text, where) {
  for (const [name, key] of state.everyKey()) {
    if (text.includes(key)) state.violate(record, `key of ${name} in ${where}`);
  }
}

/** Host header without port, and the stand-in that answers to it. */
export function placeOf(request) {
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  return { host, service: HOSTS[host] };
}
