// Stand-in of GitHub's API: whose token it is, and the call by which anybody who has a token ends it.
// SPDX-License-Identifier: Apache-2.0
import { pause } from '../lib/exchange.mjs';

const REVOCATION = '/credentials/revoke';
const LATER_MS = 300; // GitHub takes the call, and ends the tokens afterwards

export const takesNoKeyFor = (method, path) => method === 'POST' && path === REVOCATION;

export function badKey(exchange) {
  exchange.answerJson(401, { message: 'Bad credentials', status: '401' });
}

async function revoke(exchange) {
  const { credentials } = await exchange.json();
  if (exchange.request.headers.authorization !== undefined)
    return exchange.answerJson(403, { message: 'Forbidden' });
  if (!Array.isArray(credentials) || credentials.length === 0 || credentials.length > 1000)
    return exchange.answerJson(422, { message: 'Validation Failed' });
  exchange.answerJson(202, {});
  if (exchange.state.keepsKeys) return undefined;
  await pause(LATER_MS);
  for (const token of credentials) exchange.state.revoke('github', token);
  return undefined;
}

export async function handle(exchange) {
  if (takesNoKeyFor(exchange.method, exchange.path)) return revoke(exchange);
  await exchange.body();
  if (exchange.method === 'GET' && exchange.path === '/user')
    return exchange.answerJson(200, { login: 'standin', id: 1 });
  return exchange.answerJson(404, { message: 'Not Found' });
}
