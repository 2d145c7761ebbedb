// Sign-in through an identity provider: where a link to one leads, and what a browser brings back from there. SPDX-License-Identifier: Apache-2.0
import { api, result } from './api/client';
import { currentCredential } from './api/credential';
import { takeAnswer, type LoginAnswer } from './login';

let answer = takeAnswer('/sign-in/callback', '/');

export const hasProviderAnswer = (): boolean => answer !== null;

/** Good once: whoever asks has it alone. */
export function takeProviderAnswer(): LoginAnswer | null {
  const taken = answer;
  answer = null;
  return taken;
}

export interface Provider { tenant: string; provider: string }

/** `#/sign-in/TENANT/PROVIDER`. */
export function linkedProvider(): Provider | null {
  const found = /^#\/sign-in\/([a-z0-9_.@-]{1,64})\/([a-z0-9_.@-]{1,64})$/.exec(location.hash);
  return found ? { tenant: found[1] ?? '', provider: found[2] ?? '' } : null;
}

/** Leaves for the provider's own page. */
export function goTo(url: string): void {
  if (/^https:\/\//.test(url)) location.assign(url);
}

/** To be known by an account there, as who has signed in. */
export async function linkAccount(provider: string): Promise<void> {
  goTo((await result(api.POST('/api/v1/identities/request', { body: { provider } }))).url);
}

/** Whose answer it is: of somebody who has signed in it is a link. */
export const isLink = (): boolean => currentCredential()?.kind === 'cookie';
