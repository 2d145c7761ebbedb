// Stand-in of OpenAI (services.md 3.1, 3.2). SPDX-License-Identifier: Apache-2.0
import { multipart, partOf, randomId } from '../lib/exchange.mjs';

export function badKey(exchange) {
  exchange.answerJson(401, {
    error: {
      message:
        'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  });
}

async function chat(exchange) {
  const body = await exchange.json();
  const prompt = (body.messages ?? [])
    .map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)))
    .join(' ');
  const heard = `openai stand-in heard: ${prompt}`;
  const common = { id: randomId('chatcmpl-'), created: 1793000000, model: body.model ?? 'standin' };
  if (!body.stream) {
    exchange.answerJson(200, {
      ...common,
      object: 'chat.completion',
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: heard, refusal: null },
          finish_reason: 'stop',
          logprobs: null,
        },
      ],
    });
    return;
  }
  const chunk = (delta, reason = null) => ({
    ...common,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  await exchange.events({
    first: [chunk({ role: 'assistant', content: '' })],
    middle: (i, n) => chunk({ content: partOf(heard, i, n) }),
    last: [chunk({}, 'stop'), '[DONE]'],
    format: (event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`,
  });
}

async function upload(exchange) {
  const entry = exchange.state.opened('upload', exchange.record);
  const pieces = [];
  try {
    for await (const piece of exchange.pieces()) {
      pieces.push(piece);
      entry.progress += piece.length;
    }
  } finally {
    exchange.state.closed(entry);
  }
  const parts = multipart(Buffer.concat(pieces), exchange.request.headers['content-type'] ?? '');
  exchange.answerJson(200, {
    id: randomId('file-'),
    object: 'file',
    bytes: parts.file?.content.length ?? 0,
    created_at: 1793000000,
    filename: parts.file?.filename,
    purpose: parts.purpose,
    status: 'processed',
  });
}

async function embeddings(exchange) {
  const { input = [], model = 'standin' } = await exchange.json();
  const texts = [input].flat();
  exchange.answerJson(200, {
    object: 'list',
    model,
    usage: { prompt_tokens: 1, total_tokens: 1 },
    data: texts.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: [String(text).length, 0.5],
    })),
  });
}

export async function handle(exchange) {
  const { path, method } = exchange;
  if (method === 'POST' && path === '/v1/chat/completions') await chat(exchange);
  else if (method === 'POST' && path === '/v1/files') await upload(exchange);
  else if (method === 'POST' && path === '/v1/embeddings') await embeddings(exchange);
  else {
    await exchange.body();
    if (method === 'GET' && path === '/v1/models') {
      exchange.answerJson(200, {
        object: 'list',
        data: [{ id: 'standin', object: 'model', created: 1793000000, owned_by: 'standin' }],
      });
    } else {
      exchange.answerJson(404, {
        error: {
          message: `the stand-in has no ${method} ${path}`,
          type: 'invalid_request_error',
          param: null,
          code: null,
        },
      });
    }
  }
}
