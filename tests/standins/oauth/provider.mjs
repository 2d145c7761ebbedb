// An authorization server that nobody here wrote (oidc-provider): refresh tokens rotate, one used twice ends the whole
// grant, RFC 7009, RFC 8628. Who comes is logged in and agrees at once. SPDX-License-Identifier: Apache-2.0
import Provider from 'oidc-provider';

export const ISSUER = 'https://login.standin.test';
const VAULT = 'https://vault.standin.test';
const LOGOUT = `${VAULT}/api/v1/sign-in/provider/logout/acme/corp`;

/** `person()`: who comes, as { account, claims, control }, and where the vault that is told of logouts listens. */
export function makeProvider({ secret, redirects, accessSeconds, person }) {
  const client = {
    client_secret: secret,
    grant_types: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'openid offline_access',
  };
  const provider = new Provider(ISSUER, {
    clients: [
      {
        ...client,
        client_id: 'strongroom',
        redirect_uris: redirects,
        post_logout_redirect_uris: redirects.map((each) => new URL('/', each).href),
        backchannel_logout_uri: LOGOUT,
        backchannel_logout_session_required: true,
      },
      {
        ...client,
        client_id: 'strongroom-native',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
      },
    ],
    cookies: { keys: ['standin'] },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      backchannelLogout: { enabled: true },
    },
    // The vault's name is known to no resolver, and it listens on this machine: the provider's own dispatcher goes to no
    // private address.
    fetch: (url, { dispatcher: _, ...options }) =>
      globalThis.fetch(`http://${person().control}${url.slice(VAULT.length)}`, options),
    claims: { openid: ['sub', 'email', 'email_verified', 'groups', 'preferred_username'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...person().claims, sub: id }) }),
    interactions: { url: (_context, interaction) => `/agree/${interaction.uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access'],
    ttl: {
      AccessToken: () => accessSeconds(),
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 86400,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 86400,
      Session: 86400,
    },
  });
  return provider;
}

/** Instead of pages: yes to everything. */
export async function agree(provider, request, response, account) {
  const details = await provider.interactionDetails(request, response);
  if (details.prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: account } });
  const grant = new provider.Grant({
    accountId: details.session.accountId,
    clientId: details.params.client_id,
  });
  grant.addOIDCScope('openid offline_access');
  const grantId = await grant.save();
  return provider.interactionFinished(
    request,
    response,
    { consent: { grantId } },
    { mergeWithLastSubmission: true },
  );
}
