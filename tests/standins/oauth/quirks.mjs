// What GitHub, Slack and Notion do in their own ways at their token endpoints. Not the providers.
// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

const random = () => randomBytes(24).toString('base64url');

/** Grants of one of them: tokens that are good now, each refresh token once. */
class Grants {
  constructor(start) {
    this.start = start;
    this.access = new Set();
    this.refresh = new Map();
    this.codes = new Map();
    this.exchanges = [];
    this.revoked = [];
    this.reads = []; // of a repository: by a token that was good?
  }
  code(fields) {
    const code = random();
    this.codes.set(code, fields);
    return code;
  }
  issue(before) {
    if (before) this.access.delete(before); // the old one dies with the refresh
    const access = this.start + random();
    const refresh = `${this.start}r_${random()}`;
    this.access.add(access);
    this.refresh.set(refresh, access);
    return { access, refresh };
  }
  /** Of a code or a refresh token, each once; undefined: it is not good. */
  exchange(fields) {
    this.exchanges.push(fields.grant_type ?? 'authorization_code');
    if (fields.refresh_token !== undefined) {
      if (!this.refresh.has(fields.refresh_token)) return undefined;
      const before = this.refresh.get(fields.refresh_token);
      this.refresh.delete(fields.refresh_token);
      return this.issue(before);
    }
    const known = this.codes.get(fields.code);
    this.codes.delete(fields.code);
    return known && known.redirect_uri === fields.redirect_uri ? this.issue() : undefined;
  }
  revoke(token) {
    if (!this.access.delete(token)) return false;
    this.revoked.push(token);
    for (const [refresh, access] of this.refresh) if (access === token) this.refresh.delete(refresh);
    return true;
  }
}

export const QUIRKS = {
  github: new Grants('ghu_'),
  slack: new Grants('xoxe.xoxp-'),
  notion: new Grants('ntn_'),
  atlassian: new Grants('eyJ'),
};

export function authorize(url, name, response) {
  const fields = Object.fromEntries(url.searchParams);
  const code = QUIRKS[name].code(fields);
  const back = new URL(fields.redirect_uri);
  back.searchParams.set('code', code);
  back.searchParams.set('state', fields.state);
  response.writeHead(302, { location: back.href }).end();
  return fields;
}

const basic = (request) =>
  Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();

export function answer(request, url, body, { secret, seconds }, response) {
  const json = (status, document) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  const form = Object.fromEntries(new URLSearchParams(body));
  switch (`${request.method} ${url.host}${url.pathname}`) {
    case 'GET github.com/login/oauth/authorize':
      return authorize(url, 'github', response);
    // A repository for git's own client; only today's token reads it.
    case 'GET github.com/acme/story.git/info/refs':
    case 'GET github.com/acme/story.git/HEAD': {
      const [user, token] = basic(request).split(':');
      const isGood = user !== undefined && QUIRKS.github.access.has(token);
      if (request.headers.authorization) QUIRKS.github.reads.push(isGood);
      if (!isGood) return response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      const text = url.pathname.endsWith('HEAD') ? 'ref: refs/heads/main\n' : `${'1'.repeat(40)}\trefs/heads/main\n`;
      return response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
    }
    case 'POST github.com/login/oauth/access_token': {
      const good = form.client_secret === secret && QUIRKS.github.exchange(form);
      // Errors with 200, and a form unless JSON is asked for.
      const document = good
        ? { access_token: good.access, refresh_token: good.refresh, expires_in: seconds(), token_type: 'bearer', scope: 'repo' }
        : { error: form.refresh_token ? 'bad_refresh_token' : 'bad_verification_code' };
      if ((request.headers.accept ?? '').includes('json')) return json(200, document);
      return response
        .writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' })
        .end(new URLSearchParams(document).toString());
    }
    case 'DELETE api.github.com/applications/strongroom/token': {
      if (basic(request) !== `strongroom:${secret}`) return json(401, { message: 'Requires authentication' });
      return QUIRKS.github.revoke(JSON.parse(body).access_token)
        ? response.writeHead(204).end()
        : json(404, { message: 'Not Found' });
    }
    case 'GET slack.com/oauth/v2/authorize':
      return authorize(url, 'slack', response);
    case 'POST slack.com/api/oauth.v2.access': {
      const good = form.client_secret === secret && QUIRKS.slack.exchange(form);
      if (!good) return json(200, { ok: false, error: form.refresh_token ? 'invalid_refresh_token' : 'invalid_code' });
      return json(200, {
        ok: true,
        access_token: 'xoxb-the-bot-and-not-the-member',
        authed_user: { id: 'U1', access_token: good.access, refresh_token: good.refresh, expires_in: seconds() },
      });
    }
    case 'POST slack.com/api/auth.revoke': {
      const token = (request.headers.authorization ?? '').replace('Bearer ', '');
      return json(200, QUIRKS.slack.revoke(token) ? { ok: true, revoked: true } : { ok: false, error: 'token_revoked' });
    }
    case 'GET api.notion.com/v1/oauth/authorize':
      return authorize(url, 'notion', response);
    case 'POST api.notion.com/v1/oauth/token': {
      const fields = JSON.parse(body);
      const known = ['grant_type', 'code', 'redirect_uri', 'refresh_token'];
      if (Object.keys(fields).some((name) => !known.includes(name)) || basic(request) !== `strongroom:${secret}`)
        return json(400, { error: 'invalid_request' });
      const good = QUIRKS.notion.exchange(fields);
      // No word of how long it is good, and no other refresh token.
      return good
        ? json(200, { access_token: good.access, refresh_token: null, workspace_id: 'w' })
        : json(400, { error: 'invalid_grant' });
    }
    case 'GET auth.atlassian.com/authorize':
      return authorize(url, 'atlassian', response);
    case 'POST auth.atlassian.com/oauth/token': {
      const good = form.client_secret === secret && QUIRKS.atlassian.exchange(form);
      return good
        ? json(200, { access_token: good.access, refresh_token: good.refresh, expires_in: seconds() })
        : json(403, { error: 'invalid_grant' });
    }
    case 'POST api.notion.com/v1/oauth/revoke': {
      const fields = JSON.parse(body);
      return QUIRKS.notion.revoke(fields.token) ? json(200, {}) : json(400, { error: 'invalid_token' });
    }
    default:
      return json(404, { error: 'not_found' });
  }
}
