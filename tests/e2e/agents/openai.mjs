// openai: chat stream, file upload, models. Configured by OPENAI_API_KEY and OPENAI_BASE_URL alone.
// SPDX-License-Identifier: Apache-2.0
import OpenAI, { toFile } from 'openai';
import { nonce, report } from './report.mjs';

await report(['OPENAI_API_KEY'], async (assert) => {
  const client = new OpenAI();
  const word = nonce();

  let streamed = '';
  const stream = await client.chat.completions.create({
    model: 'standin',
    stream: true,
    messages: [{ role: 'user', content: word }],
  });
  for await (const chunk of stream) streamed += chunk.choices[0]?.delta?.content ?? '';
  assert.equal(streamed, `openai stand-in heard: ${word}`);

  const octets = Buffer.alloc(2 * 1024 * 1024, word);
  const file = await client.files.create({
    file: await toFile(octets, `${word}.jsonl`),
    purpose: 'batch',
  });
  assert.equal(file.bytes, octets.length);
  assert.equal(file.filename, `${word}.jsonl`);

  const models = await client.models.list();
  assert.equal(models.data[0].id, 'standin');
  return { streamed, uploaded: file.bytes };
});
