// Stand-in of GitHub's API: whose token it is. SPDX-License-Identifier: Apache-2.0

export function badKey(exchange) {
  exchange.answerJson(401, { message: 'Bad credentials', status: '401' });
}

export async function handle(exchange) {
  await exchange.body();
  if (exchange.method === 'GET' && exchange.path === '/user')
    exchange.answerJson(200, { login: 'standin', id: 1 });
  else exchange.answerJson(404, { message: 'Not Found' });
}
