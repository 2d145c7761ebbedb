// @elevenlabs/elevenlabs-js: voices, text to speech stream; websocket input by `ws`, for which the SDK has no helper.
// The SDK reads no base-URL variable: this script hands over ELEVENLABS_BASE_URL. SPDX-License-Identifier: Apache-2.0
import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import { createHash } from 'node:crypto';
import WebSocket from 'ws';
import { nonce, report } from './report.mjs';

const key = process.env.ELEVENLABS_API_KEY;
const base = process.env.ELEVENLABS_BASE_URL;

const starts = (text) => createHash('sha256').update(text).digest().subarray(4, 32);

async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function speak(voice, text) {
  const url = `${base.replace(/^http/, 'ws')}/v1/text-to-speech/${voice}/stream-input?model_id=eleven_standin`;
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { headers: { 'xi-api-key': key } });
    const audio = [];
    let final = false;
    ws.on('open', () => {
      ws.send(JSON.stringify({ text: ' ', voice_settings: { stability: 0.5 } }));
      for (const word of text.split(' ')) ws.send(JSON.stringify({ text: `${word} ` }));
      ws.send(JSON.stringify({ text: '' }));
    });
    ws.on('message', (octets) => {
      const message = JSON.parse(octets.toString('utf8'));
      if (message.audio) audio.push(Buffer.from(message.audio, 'base64'));
      final ||= message.isFinal === true;
    });
    ws.on('close', () =>
      final
        ? resolve(Buffer.concat(audio))
        : reject(new Error('the socket closed before the last message')),
    );
    ws.on('error', reject);
  });
}

await report(['ELEVENLABS_API_KEY'], async (assert) => {
  const client = new ElevenLabsClient({ baseUrl: base });
  const word = nonce();

  const { voices } = await client.voices.getAll();
  const voice = voices[0].voiceId;
  assert.equal(voice, 'standinvoice0000001');

  const spoken = await collect(
    await client.textToSpeech.stream(voice, { text: word, modelId: 'eleven_standin' }),
  );
  assert.equal(spoken.length, 48 * 1024);
  assert.deepEqual(spoken.subarray(4, 32), starts(word));

  const socket = await speak(voice, `over a socket ${word}`);
  assert.equal(socket.length, 8192);
  assert.deepEqual(socket.subarray(4, 32), starts(`over a socket ${word}`));
  return { voice, spoken: spoken.length, socket: socket.length };
});
