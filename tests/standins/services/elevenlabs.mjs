// Stand-in of ElevenLabs (services.md 2.2). SPDX-License-Identifier: Apache-2.0
import { audioOf } from '../lib/exchange.mjs';

const VOICES = [
  {
    voice_id: 'standinvoice0000001',
    name: 'Stand-in Voice',
    category: 'premade',
    labels: {},
    available_for_tiers: [],
    high_quality_base_model_ids: [],
    description: 'not a real voice',
    preview_url: '',
  },
];

export function badKey(exchange) {
  exchange.answerJson(401, {
    detail: {
      type: 'authentication_error',
      code: 'invalid_api_key',
      message: 'Invalid API key',
      status: 'invalid_api_key',
      request_id: 'standin',
      param: null,
    },
  });
}

async function speech(exchange, streamed) {
  const { text = '' } = await exchange.json();
  const audio = audioOf(text);
  const headers = { 'content-type': 'audio/mpeg', 'character-cost': String(text.length) };
  if (!streamed) {
    exchange.answer(200, headers, audio);
    return;
  }
  const stream = exchange.begin(200, headers);
  if (!stream) return;
  const size = 4096;
  for (let at = 0; at < audio.length; at += size)
    if (!(await stream.write(audio.subarray(at, at + size)))) return;
  if (exchange.state.stream.hold) await exchange.state.held(exchange.gone);
  stream.end();
}

export async function handle(exchange) {
  const { path, method } = exchange;
  const spoken = /^\/v1\/text-to-speech\/[^/]+(\/stream)?$/.exec(path);
  if (spoken && method === 'POST') {
    await speech(exchange, spoken[1] !== undefined);
    return;
  }
  await exchange.body();
  if (method === 'GET' && path === '/v1/voices') {
    exchange.answerJson(200, { voices: VOICES });
  } else if (method === 'GET' && path === '/v2/voices') {
    exchange.answerJson(200, {
      voices: VOICES,
      has_more: false,
      total_count: VOICES.length,
      next_page_token: null,
    });
  } else if (method === 'GET' && path === '/v1/models') {
    exchange.answerJson(200, [
      { model_id: 'eleven_standin', name: 'Stand-in', can_do_text_to_speech: true },
    ]);
  } else {
    exchange.answerJson(404, {
      detail: { type: 'not_found', code: 'not_found', message: 'Not Found', status: 'not_found' },
    });
  }
}

export const hasSocket = (path) =>
  /^\/v1\/text-to-speech\/[^/]+\/(multi-)?stream-input$/.test(path);

const LOGIN_FIELDS = ['xi_api_key', 'xi-api-key', 'authorization'];

/** A first message may bring the key once more: what else it says. */
export function withoutLogin(state, text) {
  const message = JSON.parse(text);
  for (const field of LOGIN_FIELDS) {
    if (state.keys.elevenlabs.accepted.has(message[field])) delete message[field];
  }
  return JSON.stringify(message);
}

/** The first message opens the stream, an empty text ends it; audio of all that was said comes back. */
export function socket({ ws, state, record, violate }) {
  let said = '';
  let isFirst = true;
  ws.on('message', (octets) => {
    const text = octets.toString('utf8');
    const message = JSON.parse(isFirst ? withoutLogin(state, text) : text);
    isFirst = false;
    for (const field of LOGIN_FIELDS) {
      if (message[field] !== undefined) {
        violate(`credential in a message that is no login: ${field}`);
        return;
      }
    }
    if (message.text !== '') {
      said += message.text ?? '';
      return;
    }
    const audio = audioOf(said.trim(), 8192);
    for (let at = 0; at < audio.length; at += 2048) {
      ws.send(
        JSON.stringify({ audio: audio.subarray(at, at + 2048).toString('base64'), isFinal: null }),
      );
    }
    ws.send(JSON.stringify({ audio: null, isFinal: true }));
    ws.close(1000);
  });
  record.socket = 'stream-input';
  void state;
}
