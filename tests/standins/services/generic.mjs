// A host of no provider, for services that a tenant describes itself. SPDX-License-Identifier: Apache-2.0

export function badKey(exchange) {
  exchange.answerJson(401, { error: 'bad key' });
}

export async function handle(exchange) {
  const octets = await exchange.body();
  exchange.answerJson(200, {
    method: exchange.method,
    host: exchange.record.host,
    path: exchange.path,
    bytes: octets.length,
  });
}
