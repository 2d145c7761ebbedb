// Stand-in of Firecrawl (services.md 2.4). SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

const crawls = new Map();
const PAGES = 4;

export function badKey(exchange) {
  exchange.answerJson(401, { success: false, error: 'Unauthorized: Invalid token' });
}

function page(url) {
  return {
    markdown: `# stand-in scraped ${url}`,
    metadata: { sourceURL: url, url, statusCode: 200, title: 'Stand-in', contentType: 'text/html' },
  };
}

function uuid() {
  const hex = randomBytes(16).toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

/** The first poll finds it at work; then two pages, and the rest behind an absolute `next`. */
function poll(exchange, id) {
  const crawl = crawls.get(id);
  if (!crawl) {
    exchange.answerJson(404, { success: false, error: 'Job not found' });
    return;
  }
  crawl.polls += 1;
  const skip = Number(exchange.url.searchParams.get('skip') ?? 0);
  const working = crawl.polls === 1;
  const answer = {
    success: true,
    status: working ? 'scraping' : 'completed',
    total: PAGES,
    completed: working ? 1 : PAGES,
    creditsUsed: PAGES,
    expiresAt: '2026-12-31T00:00:00.000Z',
    data: working ? [] : crawl.pages.slice(skip, skip + 2),
  };
  if (!working && skip + 2 < PAGES)
    answer.next = `${exchange.origin}${exchange.path}?skip=${skip + 2}`;
  exchange.answerJson(200, answer);
}

async function start(exchange) {
  const { url = '' } = await exchange.json();
  const id = uuid();
  crawls.set(id, { polls: 0, pages: Array.from({ length: PAGES }, (_, i) => page(`${url}/${i}`)) });
  exchange.answerJson(200, { success: true, id, url: `${exchange.origin}${exchange.path}/${id}` });
}

export async function handle(exchange) {
  const { path, method } = exchange;
  if (method === 'POST' && /^\/v[12]\/scrape$/.test(path)) {
    const { url } = await exchange.json();
    exchange.answerJson(200, { success: true, data: page(url) });
    return;
  }
  if (method === 'POST' && /^\/v[12]\/(crawl|batch\/scrape)$/.test(path)) {
    await start(exchange);
    return;
  }
  await exchange.body();
  const id = /^\/v[12]\/(?:crawl|batch\/scrape)\/([\w-]+)$/.exec(path)?.[1];
  if (method === 'GET' && id) poll(exchange, id);
  else if (method === 'GET' && path === '/v2/team/credit-usage') {
    exchange.answerJson(200, {
      success: true,
      data: {
        remainingCredits: 1000,
        planCredits: 1000,
        billingPeriodStart: null,
        billingPeriodEnd: null,
      },
    });
  } else
    exchange.answerJson(404, { success: false, error: `the stand-in has no ${method} ${path}` });
}

export const hasSocket = (path) => /^\/v[12]\/(crawl|batch\/scrape)\/[\w-]+$/.test(path);

/** The watcher: what is there already, each page as a document, done. */
export function socket({ ws, state, url }) {
  const crawl = crawls.get(url.pathname.split('/').at(-1)) ?? { pages: [] };
  ws.send(
    JSON.stringify({
      type: 'catchup',
      data: { status: 'scraping', total: PAGES, completed: 0, creditsUsed: 0, data: [] },
    }),
  );
  for (const document of crawl.pages) ws.send(JSON.stringify({ type: 'document', data: document }));
  if (state.stream.hold) return;
  ws.send(JSON.stringify({ type: 'done', data: { status: 'completed' } }));
  ws.close(1000);
}
