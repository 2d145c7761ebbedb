// Stand-in of Anthropic (services.md 3.1, 3.2). SPDX-License-Identifier: Apache-2.0
import { partOf, randomId } from '../lib/exchange.mjs';

function error(exchange, status, type, message) {
  exchange.answerJson(status, {
    type: 'error',
    error: { type, message },
    request_id: 'req_standin',
  });
}

export function badKey(exchange) {
  error(exchange, 401, 'authentication_error', 'invalid x-api-key');
}

async function messages(exchange) {
  const body = await exchange.json();
  const prompt = (body.messages ?? [])
    .map(({ content }) =>
      typeof content === 'string' ? content : content.map((c) => c.text ?? '').join(' '),
    )
    .join(' ');
  const heard = `anthropic stand-in heard: ${prompt}`;
  const message = {
    id: randomId('msg_'),
    type: 'message',
    role: 'assistant',
    model: body.model,
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 5 },
  };
  if (!body.stream) {
    exchange.answerJson(200, {
      ...message,
      content: [{ type: 'text', text: heard }],
      stop_reason: 'end_turn',
    });
    return;
  }
  await exchange.events({
    first: [
      { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
    ],
    middle: (i, n) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: partOf(heard, i, n) },
    }),
    last: [
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 5 },
      },
      { type: 'message_stop' },
    ],
    format: (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  });
}

export async function handle(exchange) {
  const { path, method } = exchange;
  if (method === 'POST' && path === '/v1/messages') {
    await messages(exchange);
    return;
  }
  await exchange.body();
  if (method === 'GET' && path === '/v1/models') {
    exchange.answerJson(200, {
      data: [
        {
          type: 'model',
          id: 'claude-standin',
          display_name: 'Stand-in',
          created_at: '2026-01-01T00:00:00Z',
        },
      ],
      has_more: false,
      first_id: 'claude-standin',
      last_id: 'claude-standin',
    });
  } else {
    error(exchange, 404, 'not_found_error', `the stand-in has no ${method} ${path}`);
  }
}
