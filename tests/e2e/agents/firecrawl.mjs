// @mendable/firecrawl-js: scrape, crawl with polls and pages. Configured by FIRECRAWL_API_KEY and FIRECRAWL_API_URL alone.
// SPDX-License-Identifier: Apache-2.0
import Firecrawl from '@mendable/firecrawl-js';
import { nonce, report } from './report.mjs';

await report(['FIRECRAWL_API_KEY'], async (assert) => {
  const client = new Firecrawl();
  const word = nonce();

  const page = await client.scrape(`https://example.test/${word}`, { formats: ['markdown'] });
  assert.equal(page.markdown, `# stand-in scraped https://example.test/${word}`);

  const job = await client.crawl(`https://example.test/${word}`, {
    limit: 4,
    pollInterval: 1,
    timeout: 30,
  });
  assert.equal(job.status, 'completed');
  assert.deepEqual(
    job.data.map((document) => document.markdown.split('/').at(-1)),
    ['0', '1', '2', '3'],
  );
  return { scraped: page.markdown, crawled: job.data.length };
});
