// Stand-ins of services whose keys tools hold themselves: they see one only when a person has it checked. And Linear, whose
// personal keys stand alone where the token of a login has a word before it. SPDX-License-Identifier: Apache-2.0

const answers = (status, body) => (exchange) => exchange.answerJson(status, body);

/** Takes one call with a good key, and gives the provider's own refusal for a bad one. */
const asked = (call, good, badKey) => ({
  badKey,
  async handle(exchange) {
    await exchange.body();
    return `${exchange.method} ${exchange.path}` === call ? good(exchange) : exchange.answerJson(404, {});
  },
});

const basicOf = (exchange) => {
  const [scheme, encoded = ''] = (exchange.request.headers.authorization ?? '').split(' ');
  return scheme.toLowerCase() === 'basic' ? Buffer.from(encoded, 'base64').toString().split(':') : [];
};

export const npm = asked('GET /-/whoami', answers(200, { username: 'ann' }), answers(401, {}));

export const gcp = asked('GET /tokeninfo', answers(200, { expires_in: '3599' }), answers(400, { error: 'invalid_token' }));

const pypiRefusal = answers(403, { message: '403 Invalid or non-existent authentication information.' });
export const pypi = asked(
  'POST /legacy/',
  // What it says of an upload without anything in it.
  (exchange) => (basicOf(exchange)[0] === '__token__' ? exchange.answerJson(400, { message: "400 '' is an invalid value for Metadata-Version. Error: This field is required." }) : pypiRefusal(exchange)),
  pypiRefusal,
);

const dockerRefusal = answers(401, { details: 'incorrect username or password' });
export const docker = asked(
  'GET /token',
  (exchange) => (basicOf(exchange)[0] === 'ann' ? exchange.answerJson(200, { token: 'x' }) : dockerRefusal(exchange)),
  dockerRefusal,
);

const bitbucketRefusal = answers(401, { type: 'error', error: { message: 'Token is invalid, expired, or not supported for this endpoint.' } });
export const bitbucket = asked(
  'GET /2.0/user',
  // An API token is a password; whatever else there is goes as a bearer's.
  (exchange) => {
    const [user, token] = basicOf(exchange);
    const isApiToken = (token ?? exchange.request.headers.authorization).replace(/^Bearer /, '').startsWith('ATATT');
    const isRight = isApiToken ? user === 'ann@acme.test' : user === undefined;
    return isRight ? exchange.answerJson(200, { username: 'ann' }) : bitbucketRefusal(exchange);
  },
  bitbucketRefusal,
);

const linearRefusal = answers(400, { errors: [{ message: 'Authentication required', extensions: { type: 'authentication error', code: 'AUTHENTICATION_ERROR' } }] });
export const linear = asked(
  'POST /graphql',
  (exchange) => {
    const { authorization } = exchange.request.headers;
    const isPersonal = authorization.includes('lin_api_');
    const isRight = isPersonal !== authorization.startsWith('Bearer ');
    return isRight ? exchange.answerJson(200, { data: { viewer: { id: 'ann' } } }) : linearRefusal(exchange);
  },
  linearRefusal,
);
