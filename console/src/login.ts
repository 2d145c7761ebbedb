// What a browser brings back from a login at a service: taken out of the address, and so out of the browser's history, before anything is shown.
// SPDX-License-Identifier: Apache-2.0
import { api, result } from './api/client';

export interface LoginAnswer { state: string; value?: string; iss?: string; error?: string }

/** Of that path alone; the address is `next` afterwards. */
export function takeAnswer(path: string, next: string): LoginAnswer | null {
  if (location.pathname !== path) return null;
  const said = new URLSearchParams(location.search);
  history.replaceState(null, '', next);
  const answer: LoginAnswer = { state: said.get('state') ?? '' };
  const [code, iss, error] = [said.get('code'), said.get('iss'), said.get('error')];
  if (code !== null) answer.value = code;
  if (iss !== null) answer.iss = iss;
  if (error !== null) answer.error = error;
  return answer;
}

let answer = takeAnswer('/oauth/callback', '/#/keys');

/** Good once: whoever asks has it alone. */
export function takeLoginAnswer(): LoginAnswer | null {
  const taken = answer;
  answer = null;
  return taken;
}

export const hasLoginAnswer = (): boolean => answer !== null;

export interface Login { client: string; tenant?: string; member?: string; label?: string; settings?: Record<string, string>; key?: string }

/** Leaves for the provider's own page. */
export async function logIn(login: Login): Promise<void> {
  const { url } = await result(api.POST('/api/v1/oauth/logins', { body: { ...login, way: 'browser' } }));
  if (/^https:\/\//.test(url)) location.assign(url);
}
