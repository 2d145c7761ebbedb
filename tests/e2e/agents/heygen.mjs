// HeyGen has no server SDK: its REST API by fetch, with HEYGEN_API_KEY and HEYGEN_API_BASE as its own tool reads them.
// The upload host is another one, reached through the gateway as `heygen@upload.heygen.com`. SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { nonce, report } from './report.mjs';

const base = process.env.HEYGEN_API_BASE;
const headers = { 'x-api-key': process.env.HEYGEN_API_KEY };

async function call(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { ...headers, ...options.headers } });
  if (!answer.ok)
    throw new Error(
      `${url.replace(/^\w+:\/\/[^/]+/, '')}: ${answer.status} ${await answer.text()}`,
    );
  return answer.json();
}

await report(['HEYGEN_API_KEY'], async (assert) => {
  const word = nonce();
  const me = await call(`${base}/v3/users/me`);
  assert.equal(me.data.username, 'standin');

  const begun = await call(`${base}/v2/video/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: word, video_inputs: [] }),
  });
  let video = {};
  for (let polls = 0; polls < 10 && video.status !== 'completed'; polls += 1) {
    video = (await call(`${base}/v1/video_status.get?video_id=${begun.data.video_id}`)).data;
  }
  assert.equal(video.status, 'completed');
  assert.equal(video.title, word);

  const octets = Buffer.alloc(300_000, word);
  const asset = await call(`${base.replace(/\/heygen$/, '/heygen@upload.heygen.com')}/v1/asset`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: octets,
  });
  assert.equal(asset.data.meta, createHash('sha256').update(octets).digest('hex'));
  return { video: video.status, asset: asset.data.id };
});
