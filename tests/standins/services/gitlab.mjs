// Stand-in of GitLab's API: the token itself, what it is and its end. SPDX-License-Identifier: Apache-2.0

const SELF = '/api/v4/personal_access_tokens/self';

export function badKey(exchange) {
  exchange.answerJson(401, { message: '401 Unauthorized' });
}

export async function handle(exchange) {
  await exchange.body();
  const call = `${exchange.method} ${exchange.path}`;
  if (call === `GET ${SELF}`) return exchange.answerJson(200, { id: 1, active: true, revoked: false });
  if (call !== `DELETE ${SELF}` || exchange.state.keepsKeys)
    return exchange.answerJson(404, { message: '404 Not Found' });
  exchange.state.revoke('gitlab', exchange.request.headers['private-token']);
  return exchange.answer(204, {});
}
