// Streams of events (text/event-stream) by fetch: the browser's EventSource takes no credential but a cookie. SPDX-License-Identifier: Apache-2.0
import type { SessionEvent } from './client';
import { credentialHeaders, credentialMode } from './credential';

export type Liveness = 'connecting' | 'live' | 'away';

interface Follower {
  onEvent: (event: SessionEvent) => void;
  onLiveness?: (state: Liveness) => void;
  /** The server ended the stream in order: nothing more will come. */
  onEnd?: () => void;
}

const pause = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });

/** The documents of a stream, as they come. */
async function* documents(body: ReadableStream<Uint8Array>): AsyncGenerator<SessionEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n');
      if (data !== '') yield JSON.parse(data) as SessionEvent;
    }
  }
}

/** Follows until aborted; goes on after the last event seen when the connection is lost. */
export async function follow(path: string, follower: Follower, signal: AbortSignal): Promise<void> {
  let last = '';
  let wait = 500;
  let finished = false;
  while (!signal.aborted && !finished) {
    try {
      const headers: Record<string, string> = credentialHeaders();
      if (last !== '') headers['Last-Event-ID'] = last;
      const response = await fetch(path, { headers, credentials: credentialMode(), cache: 'no-store', signal });
      if ([401, 403, 404].includes(response.status)) return;
      if (response.ok && response.body) {
        follower.onLiveness?.('live');
        wait = 500;
        for await (const event of documents(response.body)) {
          last = event.id ?? last;
          if (event.event === 'ended' && follower.onEnd) finished = true;
          follower.onEvent(event);
        }
        if (finished) follower.onEnd?.();
      }
    } catch {
      // Lost, or aborted: both are seen above.
    }
    if (signal.aborted || finished) return;
    follower.onLiveness?.('away');
    await pause(wait, signal);
    wait = Math.min(wait * 2, 15_000);
  }
}
