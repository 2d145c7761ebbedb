// The invitation of the link that led here: taken out of the address, and so out of the browser's history, before anything is shown.
// SPDX-License-Identifier: Apache-2.0

const link = /^#\/invitation(?:\/(sr[if]_[A-Za-z0-9_-]{43}))?$/;

/** '': the page of a link that has been taken already, as after a reload. */
let invitation: string | null = null;
const listeners = new Set<() => void>();

function take(): void {
  const found = link.exec(location.hash);
  const next = found ? (found[1] ?? invitation ?? '') : null;
  if (found?.[1]) history.replaceState(null, '', '#/invitation');
  if (next === invitation) return;
  invitation = next;
  for (const listener of listeners) listener();
}

take();
window.addEventListener('hashchange', take);

export const currentInvitation = (): string | null => invitation;

export function followInvitation(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function endInvitation(): void {
  location.hash = '#/keys';
  invitation = null;
  for (const listener of listeners) listener();
}
