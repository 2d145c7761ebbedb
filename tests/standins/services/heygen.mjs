// Stand-in of HeyGen (services.md 2.3). SPDX-License-Identifier: Apache-2.0
import { randomId, sha256 } from '../lib/exchange.mjs';

const videos = new Map();

/** Version 3 has errors of its own shape; versions 1 and 2 share an older one. */
export function badKey(exchange) {
  if (exchange.path.startsWith('/v3/')) {
    exchange.answerJson(401, {
      error: { code: 'unauthorized', message: 'Unauthorized', param: null, doc_url: null },
    });
  } else {
    exchange.answerJson(401, { code: 400112, message: 'Unauthorized' });
  }
}

async function generate(exchange) {
  const body = await exchange.json();
  const id = randomId('');
  videos.set(id, { polls: 0, title: body.title ?? '' });
  exchange.answerJson(200, { error: null, data: { video_id: id } });
}

function status(exchange) {
  const id = exchange.url.searchParams.get('video_id');
  const video = videos.get(id);
  if (!video) {
    exchange.answerJson(404, { code: 400404, message: 'Video not found' });
    return;
  }
  video.polls += 1;
  const done = video.polls > 1;
  exchange.answerJson(200, {
    code: 100,
    message: 'Success',
    data: {
      id,
      status: done ? 'completed' : 'processing',
      error: null,
      title: video.title,
      video_url: done ? `https://files.standin.test/${id}.mp4` : null,
      duration: done ? 1.5 : null,
    },
  });
}

export async function handle(exchange) {
  const { path, method, record } = exchange;
  if (record.host === 'upload.heygen.com' && method === 'POST' && path === '/v1/asset') {
    const octets = await exchange.body();
    const id = randomId('');
    exchange.answerJson(200, {
      code: 100,
      message: null,
      msg: null,
      data: {
        id,
        name: id,
        file_type: 'image',
        url: `https://files.standin.test/${id}`,
        meta: sha256(octets),
      },
    });
    return;
  }
  if (method === 'POST' && path === '/v2/video/generate') {
    await generate(exchange);
    return;
  }
  await exchange.body();
  if (method === 'GET' && path === '/v1/video_status.get') status(exchange);
  else if (method === 'GET' && path === '/v3/users/me')
    exchange.answerJson(200, { data: { username: 'standin', email: 'standin@standin.test' } });
  else if (method === 'GET' && path === '/v2/user/remaining_quota')
    exchange.answerJson(200, { error: null, data: { remaining_quota: 60 } });
  else exchange.answerJson(404, { code: 400404, message: `the stand-in has no ${method} ${path}` });
}
