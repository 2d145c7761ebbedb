// Who is signed in: by a token, in this tab alone; or by a sign-in, of which the browser has one half in a cookie that scripts cannot read, and
// this page the other, which servers at other ports of the host never see. Nothing else of the console asks which it is.
// SPDX-License-Identifier: Apache-2.0

export type Credential = { kind: 'bearer'; token: string } | { kind: 'cookie'; csrf: string };

const place = 'strongroom-credential';

function read(): Credential | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? localStorage.getItem(place) ?? 'null') as Credential | null;
  } catch {
    return null;
  }
}

let credential = read();
const listeners = new Set<() => void>();

export const currentCredential = (): Credential | null => credential;

/** A token for this tab until it is closed, a sign-in for all tabs; either until signed out. */
export function setCredential(next: Credential | null): void {
  const former = credential;
  credential = next;
  sessionStorage.removeItem(place);
  if (former?.kind === 'cookie') localStorage.removeItem(place);
  if (next) (next.kind === 'cookie' ? localStorage : sessionStorage).setItem(place, JSON.stringify(next));
  for (const listener of listeners) listener();
}

let renewals = 0;

/** While one sign-in takes another's place, a call that was under way may be refused: that ends nothing. */
export const isRenewing = (): boolean => renewals > 0;

export async function renewing(work: () => Promise<void>): Promise<void> {
  renewals += 1;
  try {
    await work();
  } finally {
    renewals -= 1;
  }
}

/** What another tab did: this one begins anew, with nothing of what it has shown. */
window.addEventListener('storage', (event) => {
  if (event.storageArea === localStorage && event.key === place && credential?.kind !== 'bearer') location.reload();
});

export function followCredential(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What a call carries. */
export function credentialHeaders(of: Credential | null = credential): Record<string, string> {
  if (of?.kind === 'bearer') return { Authorization: `Bearer ${of.token}` };
  if (of?.kind === 'cookie') return { 'X-CSRF-Token': of.csrf };
  return {};
}

/** Cookies travel only where one is the credential. */
export const credentialMode = (of: Credential | null = credential): RequestCredentials =>
  of?.kind === 'cookie' ? 'same-origin' : 'omit';
