// Stand-in of Slack's API: whose token it is, and its end. Errors have status 200. SPDX-License-Identifier: Apache-2.0

export function badKey(exchange) {
  exchange.answerJson(200, { ok: false, error: 'token_revoked' });
}

export async function handle(exchange) {
  await exchange.body();
  switch (`${exchange.method} ${exchange.path}`) {
    case 'POST /api/auth.test':
      return exchange.answerJson(200, { ok: true, user: 'standin', team: 'acme' });
    case 'POST /api/auth.revoke': {
      const [, token] = exchange.request.headers.authorization.split(' ');
      if (!exchange.state.keepsKeys) exchange.state.revoke('slack', token);
      return exchange.answerJson(200, { ok: true, revoked: !exchange.state.keepsKeys });
    }
    default:
      return exchange.answerJson(200, { ok: false, error: 'unknown_method' });
  }
}
