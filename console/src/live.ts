// One stream of what happens in sessions and how keys do, for all pages. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'react';
import type { SessionEvent } from './api/client';
import { follow, type Liveness } from './api/events';
import { refresh } from './api/queries';

type Listener = (event: SessionEvent) => void;
const listeners = new Set<Listener>();

/** Keeps what pages show fresh, as things happen; how the stream is. */
export function useLiveUpdates(): Liveness {
  const [state, setState] = useState<Liveness>('connecting');
  useEffect(() => {
    let stop = new AbortController();
    let waiting = 0;
    const changed = new Set<string>();
    const soon = (...names: string[]) => {
      for (const name of names) changed.add(name);
      waiting ||= window.setTimeout(() => {
        waiting = 0;
        refresh(...changed);
        changed.clear();
      }, 250);
    };
    const onLiveness = (next: Liveness) => {
      setState(next);
      if (next === 'live') soon('sessions', 'keys'); // to have a whole picture: follow first, list afterwards
    };
    const onEvent = (event: SessionEvent) => {
      // Sessions come and go far more often than keys change.
      if (event.event === 'key_state') soon('keys');
      else if (event.event === 'key_revoked' || event.event === 'missed') soon('sessions', 'keys');
      else soon('sessions');
      for (const listener of listeners) listener(event);
    };
    // Browsers open six connections to a server, for all tabs together: those that nobody looks at do without.
    const look = () => {
      stop.abort();
      if (document.hidden) return;
      stop = new AbortController();
      void follow('/api/v1/sessions/events?keys=yes', { onLiveness, onEvent }, stop.signal);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      stop.abort();
      document.removeEventListener('visibilitychange', look);
      clearTimeout(waiting);
    };
  }, []);
  return state;
}

export function useSessionEvents(listener: Listener): void {
  const current = useRef(listener);
  useEffect(() => { current.current = listener; });
  useEffect(() => {
    const each: Listener = (event) => current.current(event);
    listeners.add(each);
    return () => { listeners.delete(each); };
  }, []);
}
