// Passkeys: what the browser makes and signs, as the server asks for it. SPDX-License-Identifier: Apache-2.0
import { ApiError, type InvitedPasskey, type NewPasskey, type PasskeyAssertion, type PasskeyChallenge, type PasskeyRequest } from './client';

export const canUsePasskeys = (): boolean => 'PublicKeyCredential' in window;

const time = 5 * 60_000;
const algorithms = [-7, -8, -257]; // ES256, EdDSA, RS256

function toText(octets: ArrayBuffer): string {
  let text = '';
  for (const octet of new Uint8Array(octets)) text += String.fromCharCode(octet);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function toOctets(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const octets = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at += 1) octets[at] = plain.charCodeAt(at);
  return octets;
}

/** What came of it, in words that help. */
function inWords(error: unknown): ApiError {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'InvalidStateError') return new ApiError(0, 'passkey_known', 'This device has a passkey of yours already', 'Use that one.');
  return new ApiError(0, 'passkey_stopped', 'The browser brought no passkey', 'It was stopped, took too long, or there is none of yours here. Try again, or come in another way.');
}

async function asked<T extends PublicKeyCredential>(origin: string, ask: () => Promise<Credential | null>): Promise<T> {
  if (!canUsePasskeys()) throw new ApiError(0, 'passkeys_unavailable', 'This browser has no passkeys', 'Use another browser, or a password.');
  if (origin !== location.origin) throw new ApiError(0, 'passkeys_elsewhere', `Passkeys are used at ${origin}`, 'Open the console at that address.');
  const made = await ask().catch((error: unknown) => { throw inWords(error); });
  if (!made) throw inWords(null);
  return made as T;
}

/** A passkey for `user`, which its device keeps and asks its person for. */
export async function makePasskey(request: PasskeyRequest, user: string, name: string): Promise<NewPasskey & InvitedPasskey> {
  const made = await asked(request.origin, () => navigator.credentials.create({
    publicKey: {
      challenge: toOctets(request.challenge),
      rp: { id: request.relying_party, name: 'Strongroom' },
      user: { id: toOctets(request.user), name: user, displayName: user },
      pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      excludeCredentials: request.there_are.map((id) => ({ type: 'public-key', id: toOctets(id) })),
      attestation: 'none',
      timeout: time,
    },
  }));
  const response = made.response as AuthenticatorAttestationResponse;
  return { name, client_data: toText(response.clientDataJSON), attestation: toText(response.attestationObject) };
}

export async function signByPasskey(request: PasskeyChallenge): Promise<PasskeyAssertion> {
  const made = await asked(request.origin, () => navigator.credentials.get({
    publicKey: { challenge: toOctets(request.challenge), rpId: request.relying_party, userVerification: 'required', timeout: time },
  }));
  const response = made.response as AuthenticatorAssertionResponse;
  return {
    credential: toText(made.rawId),
    user: toText(response.userHandle ?? new ArrayBuffer(0)),
    client_data: toText(response.clientDataJSON),
    authenticator_data: toText(response.authenticatorData),
    signature: toText(response.signature),
  };
}
