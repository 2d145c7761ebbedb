// Who is signed in. Today the operator, by the operator token; a member's session will be a cookie that scripts cannot read, with a word
// against forged calls beside it. Both are credentials here, and nothing else of the console asks which it is.
// SPDX-License-Identifier: Apache-2.0

export type Credential = { kind: 'bearer'; token: string } | { kind: 'cookie'; csrf: string };

const place = 'strongroom-credential';

function read(): Credential | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? 'null') as Credential | null;
  } catch {
    return null;
  }
}

let credential = read();
const listeners = new Set<() => void>();

export const currentCredential = (): Credential | null => credential;

/** Kept for this tab alone, until it is closed or signed out. */
export function setCredential(next: Credential | null): void {
  credential = next;
  if (next) sessionStorage.setItem(place, JSON.stringify(next));
  else sessionStorage.removeItem(place);
  for (const listener of listeners) listener();
}

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
