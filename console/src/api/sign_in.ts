// The ways in and out: calls that no credential of this page's goes with. SPDX-License-Identifier: Apache-2.0
import { ApiError, api, errorOf, result, type ChangedPassword, type Confirmation, type Invitation, type NewPassword, type PasskeyChallenge, type PasskeyRequest, type NewSignIn, type ProviderAnswer, type ProviderPage, type StartedSignIn, type WantedProvider } from './client';
import { credentialHeaders, credentialMode, currentCredential, renewing, setCredential, type Credential } from './credential';
import { makePasskey, signByPasskey } from './passkeys';
import { leaveFor } from '../leaving';

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { cache: 'no-store', redirect: 'error', ...init });
  } catch {
    throw new ApiError(0, 'unreachable', 'The server does not answer', 'Look whether strongroom serve runs, and try again.');
  }
  const document: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorOf(response.status, document);
  return document as T;
}

const json = { 'Content-Type': 'application/json' };
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** The cookie comes with the answer; what is kept here is the page's half. */
const keep = ({ csrf_token }: StartedSignIn) => setCredential({ kind: 'cookie', csrf: csrf_token });

export const signIn = async (who: NewSignIn): Promise<void> =>
  keep(await call<StartedSignIn>('/api/v1/sign-in', { method: 'POST', body: JSON.stringify(who), headers: json, credentials: 'same-origin' }));

/** Ends this browser's sign-in with all others, and begins a new one. */
export const changePassword = (body: ChangedPassword): Promise<void> =>
  renewing(async () => keep(await result(api.POST('/api/v1/password', { body }))));

/** Cookies come and go with both calls: what was asked is good from this browser alone. */
export async function signInByPasskey(): Promise<void> {
  const request = await call<PasskeyChallenge>('/api/v1/sign-in/passkey/request', { method: 'POST', credentials: 'same-origin' });
  const body = JSON.stringify(await signByPasskey(request));
  keep(await call<StartedSignIn>('/api/v1/sign-in/passkey', { method: 'POST', body, headers: json, credentials: 'same-origin' }));
}

/** Where the browser goes; what comes back is good from this browser alone, too. */
export const beginAtProvider = (body: WantedProvider): Promise<ProviderPage> =>
  call('/api/v1/sign-in/provider/request', { method: 'POST', body: JSON.stringify(body), headers: json, credentials: 'same-origin' });

export const signInByProvider = async (body: ProviderAnswer): Promise<void> =>
  keep(await call<StartedSignIn>('/api/v1/sign-in/provider', { method: 'POST', body: JSON.stringify(body), headers: json, credentials: 'same-origin' }));

export async function acceptInvitationByPasskey(invitation: string, who: { tenant: string; member: string }, isFirst: boolean): Promise<void> {
  const request = await call<PasskeyRequest>('/api/v1/invitations/passkey/request', { method: 'POST', headers: bearer(invitation), credentials: 'same-origin' });
  const made = await makePasskey(request, `${who.member} of ${who.tenant}`, 'the first');
  const body = JSON.stringify({ ...made, ...(isFirst ? who : {}) });
  keep(await call<StartedSignIn>('/api/v1/invitations/passkey', { method: 'POST', body, headers: { ...json, ...bearer(invitation) }, credentials: 'same-origin' }));
}

export const showInvitation = (invitation: string): Promise<Invitation> =>
  call('/api/v1/invitations/mine', { headers: bearer(invitation), credentials: 'omit' });

export const acceptInvitation = async (invitation: string, body: NewPassword): Promise<void> =>
  keep(await call<StartedSignIn>('/api/v1/invitations/use', { method: 'POST', body: JSON.stringify(body), headers: { ...json, ...bearer(invitation) }, credentials: 'same-origin' }));

/** Whether the server takes a token; kept where it does. */
export async function signInByToken(token: string): Promise<void> {
  const credential: Credential = { kind: 'bearer', token };
  try {
    await call('/api/v1/installation', { headers: credentialHeaders(credential), credentials: credentialMode(credential) });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401)
      throw new ApiError(401, 'unauthorized', 'That token is not known here', 'It may have expired or been revoked. The operator’s is the content of operator.token in the server’s data directory.');
    throw error;
  }
  setCredential(credential);
}

/** That it is still oneself: what adds ways to come in is allowed for five minutes then. */
export const confirmBy = (body: Confirmation): Promise<void> =>
  result(api.POST('/api/v1/sign-in/confirmation', { body })).then(() => undefined);

export async function confirmByPasskey(): Promise<void> {
  const body = await signByPasskey(await result(api.POST('/api/v1/sign-in/confirmation/passkey/request')));
  await result(api.POST('/api/v1/sign-in/confirmation/passkey', { body }));
}

/** Without this page's half the cookie is worth nothing, whether or not the server hears of it. Who came by a provider leaves there, too. */
export async function signOut(): Promise<void> {
  const ended = currentCredential()?.kind === 'cookie' ? await result(api.POST('/api/v1/sign-out')).catch(() => undefined) : undefined;
  setCredential(null);
  if (ended?.url && ended.state) leaveFor(ended.url, ended.state);
}
