// Stand-in of GitLab's API: the token itself. SPDX-License-Identifier: Apache-2.0

export function badKey(exchange) {
  exchange.answerJson(401, { message: '401 Unauthorized' });
}

export async function handle(exchange) {
  await exchange.body();
  if (exchange.method === 'GET' && exchange.path === '/api/v4/personal_access_tokens/self')
    exchange.answerJson(200, { id: 1, active: true, revoked: false });
  else exchange.answerJson(404, { message: '404 Not Found' });
}
