// The control API, with types made from its own description (openapi.json). SPDX-License-Identifier: Apache-2.0
import createClient from 'openapi-fetch';
import type { paths } from '../../generated/schema';
import { credentialHeaders, credentialMode, currentCredential, isRenewing, setCredential } from './credential';

export type {
  Access, AddedInvitation, AddedSeal, AddedToken, ChangedPassword, Check, Entry, Grant, Holder, Installation, Invitation, InvitedPasskey, Key, Member, NewKey, NewPasskey, NewPassword, NewSeal, NewSecondFactor, NewSignIn, Passkey, PasskeyAssertion, PasskeyChallenge, PasskeyRequest, Policy, PolicyChange, Receipt, ReceiptRow,
  CheckedService, Identity, IdentityProvider, NewIdentityProvider, NewToken, ProviderAnswer, ProviderPage, Provisioning, Rewrap, RootRotation, Seal, Service, Session, SessionEvent, SessionHolder, Setting, SignIn, StartedSignIn, Tenant, Token, Verified, WantedProvider, Confirmation,
} from '../../generated/schema';

/** What the server said went wrong, and what would mend it. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly hint = '') {
    super(message);
  }
}

const unreachable = () => new ApiError(0, 'unreachable', 'The server does not answer', 'Look whether strongroom serve runs; this page goes on by itself');

async function send(request: Request): Promise<Response> {
  const credential = currentCredential();
  const headers = new Headers(request.headers);
  for (const [name, value] of Object.entries(credentialHeaders(credential))) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(new Request(request, { headers, credentials: credentialMode(credential), cache: 'no-store', redirect: 'error' }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (credential === currentCredential() && !isRenewing() && (await isRefused(response))) setCredential(null);
  return response;
}

/** Not known any more; or the cookie is of another sign-in than this page's half. */
async function isRefused(response: Response): Promise<boolean> {
  if (response.status === 401) return true;
  if (response.status !== 403) return false;
  return errorOf(403, await response.clone().json().catch(() => undefined)).code === 'csrf_refused';
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** What a call answers, or an ApiError. */
export async function result<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  throw errorOf(response.status, error);
}

export function errorOf(status: number, document: unknown): ApiError {
  const body = (document as { error?: { code?: string; message?: string; hint?: string } } | undefined)?.error;
  return new ApiError(status, body?.code ?? 'failed', body?.message ?? `The server answered ${status}`, body?.hint);
}
