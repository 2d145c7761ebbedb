#!/usr/bin/env node
// Authorization servers for tests: oidc-provider, an API that takes its tokens, and what GitHub, Slack and Notion do in
// their own ways. Usage: server.mjs --dir DIR --redirect URL, the client's secret on standard input. SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { makeCertificates } from '../lib/certificates.mjs';
import { ISSUER, agree, makeProvider } from './provider.mjs';
import { QUIRKS, answer } from './quirks.mjs';

const { values } = parseArgs({
  options: { dir: { type: 'string' }, redirect: { type: 'string', multiple: true } },
});
const secret = readFileSync(0, 'utf8').trim();
const API = 'api.login.standin.test';
const LOGIN = new URL(ISSUER).host;
const HOSTS = [LOGIN, API, 'github.com', 'api.github.com', 'slack.com', 'api.notion.com', 'auth.atlassian.com'];

const state = { seconds: 3600, hold: '', fail: 0, held: [], exchanges: [], revoked: [], uses: [], holding: 0, account: 'alice', claims: {}, control: '', logouts: [] };
const grants = [];
const provider = makeProvider({
  secret,
  redirects: values.redirect,
  accessSeconds: () => state.seconds,
  person: () => state,
});

const held = () =>
  new Promise((go) => {
    state.holding += 1;
    state.held.push(go);
  });
function release() {
  for (const go of state.held.splice(0)) go();
  state.hold = '';
  state.holding = 0;
}

provider.use(async (context, next) => {
  const isToken = context.path === '/token';
  if (isToken && state.fail > 0) {
    state.fail -= 1;
    context.status = 503;
    context.body = 'not now';
    return;
  }
  await next();
  if (isToken) {
    const grant = context.oidc?.params?.grant_type ?? '';
    state.exchanges.push({ grant, status: context.status });
    if (context.oidc?.entities?.Grant) grants.push(context.oidc.entities.Grant.jti);
    if (state.hold === 'answer' && grant === 'refresh_token') await held();
  }
  if (context.path === '/token/revocation') state.revoked.push(context.oidc?.params?.token);
});
provider.on('backchannel.success', (_context, _client, account, sid) => state.logouts.push({ account, sid }));
provider.on('backchannel.error', (_context, error) => state.logouts.push({ error: error.message }));
for (const event of ['grant.error', 'device_authorization.error', 'server_error'])
  provider.on(event, (_context, error) => process.stderr.write(`${event}: ${error.error_description ?? error.stack}\n`));
const loginServer = provider.callback();

async function api(request, response) {
  const token = (request.headers.authorization ?? '').replace('Bearer ', '');
  const found = await provider.AccessToken.find(token);
  state.uses.push(Boolean(found));
  response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' });
  response.end(JSON.stringify(found ? { sub: found.accountId } : { error: 'invalid_token' }));
}

async function serve(request, response) {
  const url = new URL(request.url, `https://${request.headers.host}`);
  if (url.host === LOGIN && url.pathname.startsWith('/agree/')) return agree(provider, request, response, state.account);
  if (url.host === LOGIN) return loginServer(request, response);
  if (url.host === API) return api(request, response);
  let body = '';
  for await (const part of request) body += part;
  return answer(request, url, body, { secret, seconds: () => state.seconds }, response);
}

async function control(request, response) {
  let body = '';
  for await (const part of request) body += part;
  if (request.url === '/release') release();
  if (request.url === '/set') Object.assign(state, JSON.parse(body));
  // As if the user had ended all logins at the provider.
  if (request.url === '/end') for (const id of grants.splice(0)) await (await provider.Grant.find(id))?.destroy();
  if (request.url === '/active') {
    const { token } = JSON.parse(body);
    const found = (await provider.AccessToken.find(token)) ?? (await provider.RefreshToken.find(token));
    return response.end(JSON.stringify({ active: Boolean(found) && found.isValid }));
  }
  const { held: _, ...shown } = state;
  const quirks = Object.fromEntries(
    Object.entries(QUIRKS).map(([name, grants]) => [
      name,
      { exchanges: grants.exchanges, revoked: grants.revoked, access: [...grants.access], reads: grants.reads },
    ]),
  );
  response.end(JSON.stringify({ ...shown, quirks }));
}

const { ca, certificate, key } = makeCertificates(HOSTS);
const tls = https.createServer({ cert: certificate, key }, (request, response) =>
  serve(request, response).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    response.writeHead(500).end();
  }),
);
const plain = http.createServer(control);
const listening = (server) =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
const [port, controlPort] = [await listening(tls), await listening(plain)];
mkdirSync(values.dir, { recursive: true });
writeFileSync(join(values.dir, 'ca.pem'), ca);
const file = join(values.dir, 'oauth.json');
writeFileSync(`${file}.new`, JSON.stringify({ port, control: controlPort, hosts: HOSTS, pid: process.pid }));
renameSync(`${file}.new`, file);
