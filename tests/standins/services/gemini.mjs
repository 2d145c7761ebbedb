// Stand-in of the Google Gemini API (services.md 2.1). SPDX-License-Identifier: Apache-2.0
import { partOf, randomId, sha256 } from '../lib/exchange.mjs';

const uploads = new Map();
const files = new Map();

function error(exchange, code, status, message, reason) {
  const details =
    reason === undefined
      ? []
      : [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason,
            domain: 'googleapis.com',
            metadata: { service: 'generativelanguage.googleapis.com' },
          },
        ];
  exchange.answerJson(code, { error: { code, message, status, details } });
}

export function badKey(exchange) {
  error(
    exchange,
    400,
    'INVALID_ARGUMENT',
    'API key not valid. Please pass a valid API key.',
    'API_KEY_INVALID',
  );
}

/** The octets of an upload go to a URL that is its own capability: real clients send no key there. */
export const keyOptional = (url) => url.searchParams.has('upload_id');

function promptOf(body) {
  return (body.contents ?? [])
    .flatMap((content) => content.parts ?? [])
    .map((part) => part.text ?? '')
    .join(' ')
    .trim();
}

function generation(text, finishReason) {
  const candidate = { content: { role: 'model', parts: [{ text }] }, index: 0 };
  if (finishReason) candidate.finishReason = finishReason;
  return {
    candidates: [candidate],
    modelVersion: 'gemini-standin',
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 7, totalTokenCount: 12 },
  };
}

const vectorOf = (text) => [
  text.length,
  ...[...text.slice(0, 7)].map((c) => c.codePointAt(0) / 256),
];
const textOf = (content) => (content?.parts ?? []).map((part) => part.text ?? '').join(' ');

function embed(exchange, action, body) {
  if (action === 'embedContent') {
    exchange.answerJson(200, { embedding: { values: vectorOf(textOf(body.content)) } });
    return;
  }
  const embeddings = (body.requests ?? []).map((request) => ({
    values: vectorOf(textOf(request.content)),
  }));
  exchange.answerJson(200, { embeddings });
}

async function model(exchange, action) {
  const body = await exchange.json();
  const heard = `gemini stand-in heard: ${promptOf(body)}`;
  if (action === 'generateContent') {
    exchange.answerJson(200, generation(heard, 'STOP'));
  } else if (action === 'streamGenerateContent') {
    if (exchange.url.searchParams.get('alt') !== 'sse') {
      exchange.answerJson(200, [generation(heard, 'STOP')]);
      return;
    }
    await exchange.events({
      first: [],
      last: [generation('', 'STOP')],
      middle: (i, n) => generation(partOf(heard, i, n)),
      format: (event) => `data: ${JSON.stringify(event)}\r\n\r\n`,
    });
  } else if (action === 'embedContent' || action === 'batchEmbedContents') {
    embed(exchange, action, body);
  } else if (action === 'countTokens') {
    exchange.answerJson(200, { totalTokens: promptOf(body).length });
  } else {
    error(exchange, 404, 'NOT_FOUND', `no such action: ${action}`);
  }
}

function describe(id, upload) {
  return {
    name: `files/${id}`,
    displayName: upload.displayName,
    mimeType: upload.mimeType,
    sizeBytes: String(upload.octets.length),
    createTime: '2026-11-01T00:00:00Z',
    updateTime: '2026-11-01T00:00:00Z',
    expirationTime: '2026-11-03T00:00:00Z',
    sha256Hash: Buffer.from(sha256(upload.octets)).toString('base64'),
    uri: `https://generativelanguage.googleapis.com/v1beta/files/${id}`,
    state: 'ACTIVE',
    source: 'UPLOADED',
  };
}

async function startUpload(exchange) {
  const body = await exchange.json();
  const id = randomId('up-');
  uploads.set(id, {
    displayName: body.file?.displayName ?? body.file?.display_name,
    mimeType:
      exchange.request.headers['x-goog-upload-header-content-type'] ?? 'application/octet-stream',
    octets: Buffer.alloc(0),
  });
  const to = `${exchange.origin}${exchange.path}?upload_id=${id}&upload_protocol=resumable`;
  exchange.answer(200, {
    'x-goog-upload-url': to,
    'x-goog-upload-status': 'active',
    'x-goog-upload-chunk-granularity': '262144',
    'content-length': '0',
  });
}

async function continueUpload(exchange, id) {
  const upload = uploads.get(id);
  if (!upload) {
    error(exchange, 404, 'NOT_FOUND', 'no such upload');
    return;
  }
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
  const offset = Number(exchange.request.headers['x-goog-upload-offset'] ?? 0);
  if (offset !== upload.octets.length) {
    error(exchange, 400, 'INVALID_ARGUMENT', 'offset is not where the upload stands');
    return;
  }
  upload.octets = Buffer.concat([upload.octets, ...pieces]);
  if (!(exchange.request.headers['x-goog-upload-command'] ?? '').includes('finalize')) {
    exchange.answer(200, {
      'x-goog-upload-status': 'active',
      'x-goog-upload-size-received': String(upload.octets.length),
      'content-length': '0',
    });
    return;
  }
  uploads.delete(id);
  const file = describe(randomId('f'), upload);
  files.set(file.name, file);
  exchange.answerJson(200, { file }, { 'x-goog-upload-status': 'final' });
}

export async function handle(exchange) {
  const { path, method, url } = exchange;
  if (method === 'POST' && /^\/upload\/v\w+\/files$/.test(path)) {
    const id = url.searchParams.get('upload_id');
    await (id === null ? startUpload(exchange) : continueUpload(exchange, id));
    return;
  }
  const action = /^\/v\w+\/models\/[^/:]+:(\w+)$/.exec(path)?.[1];
  if (action && method === 'POST') {
    await model(exchange, action);
    return;
  }
  await exchange.body();
  const file = /^\/v\w+\/(files\/\w+)$/.exec(path)?.[1];
  if (file && method === 'GET') {
    if (files.has(file)) exchange.answerJson(200, files.get(file));
    else
      error(
        exchange,
        403,
        'PERMISSION_DENIED',
        'You do not have permission to access the File or it may not exist.',
      );
  } else if (file && method === 'DELETE') {
    files.delete(file);
    exchange.answerJson(200, {});
  } else if (method === 'GET' && /^\/v\w+\/models$/.test(path)) {
    exchange.answerJson(200, {
      models: [
        {
          name: 'models/gemini-standin',
          displayName: 'Stand-in',
          supportedGenerationMethods: ['generateContent'],
        },
      ],
    });
  } else {
    error(exchange, 404, 'NOT_FOUND', `the stand-in has no ${method} ${path}`);
  }
}
