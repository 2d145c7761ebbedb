"""firecrawl-py: scrape, crawl with polls and pages.

The SDK reads FIRECRAWL_API_KEY but no base-URL variable: this script hands over FIRECRAWL_API_URL. Its present client joins URLs so that
the path of the base URL is lost (`urljoin(base, "/v2/scrape")`): the gateway then knows the service by its pass. The older `v1` client
keeps the path; both are used.
SPDX-License-Identifier: Apache-2.0
"""

import os

from firecrawl import Firecrawl

from report import equal, nonce, report


def work():
    present = Firecrawl(api_url=os.environ["FIRECRAWL_API_URL"])
    word = nonce()
    document = present.scrape(f"https://example.test/{word}", formats=["markdown"])
    equal(document.markdown, f"# stand-in scraped https://example.test/{word}")
    client = present.v1
    page = client.scrape_url(f"https://example.test/{word}", formats=["markdown"])
    equal(page.markdown, f"# stand-in scraped https://example.test/{word}")

    job = client.crawl_url(f"https://example.test/{word}", limit=4, poll_interval=1)
    equal(job.status, "completed")
    equal([document.markdown.rsplit("/", 1)[1] for document in job.data], ["0", "1", "2", "3"])
    return {"scraped": page.markdown, "crawled": len(job.data)}


report(["FIRECRAWL_API_KEY"], work)
