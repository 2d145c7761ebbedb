// @anthropic-ai/sdk: messages, whole and streamed. Configured by ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL alone.
// SPDX-License-Identifier: Apache-2.0
import Anthropic from '@anthropic-ai/sdk';
import { nonce, report } from './report.mjs';

await report(['ANTHROPIC_API_KEY'], async (assert) => {
  const client = new Anthropic();
  const word = nonce();
  const ask = {
    model: 'claude-standin',
    max_tokens: 100,
    messages: [{ role: 'user', content: word }],
  };

  const whole = await client.messages.create(ask);
  assert.equal(whole.content[0].text, `anthropic stand-in heard: ${word}`);

  let streamed = '';
  const stream = client.messages.stream(ask).on('text', (text) => {
    streamed += text;
  });
  const final = await stream.finalMessage();
  assert.equal(streamed, `anthropic stand-in heard: ${word}`);
  assert.equal(final.stop_reason, 'end_turn');
  return { whole: whole.content[0].text, streamed };
});
