// @google/genai: generate, stream, embed, file upload. Configured by GEMINI_API_KEY and GOOGLE_GEMINI_BASE_URL alone.
// SPDX-License-Identifier: Apache-2.0
import { GoogleGenAI } from '@google/genai';
import { nonce, report } from './report.mjs';

await report(['GEMINI_API_KEY'], async (assert) => {
  const ai = new GoogleGenAI({});
  const word = nonce();
  const model = 'gemini-standin';

  const whole = await ai.models.generateContent({ model, contents: `whole ${word}` });
  assert.equal(whole.text, `gemini stand-in heard: whole ${word}`);

  let streamed = '';
  let chunks = 0;
  for await (const chunk of await ai.models.generateContentStream({
    model,
    contents: `stream ${word}`,
  })) {
    streamed += chunk.text ?? '';
    chunks += 1;
  }
  assert.equal(streamed, `gemini stand-in heard: stream ${word}`);
  assert.ok(chunks > 1);

  const embedded = await ai.models.embedContent({ model: 'embedding-standin', contents: [word] });
  assert.equal(embedded.embeddings[0].values[0], word.length);

  // Over 8 MiB, so that the SDK sends more than one chunk.
  const octets = Buffer.alloc(9 * 1024 * 1024, `upload ${word} `);
  const file = await ai.files.upload({
    file: new Blob([octets], { type: 'text/plain' }),
    config: { displayName: word },
  });
  assert.equal(file.sizeBytes, String(octets.length));
  const seen = await ai.files.get({ name: file.name });
  assert.equal(seen.displayName, word);
  return { whole: whole.text, streamed, chunks, uploaded: file.sizeBytes };
});
