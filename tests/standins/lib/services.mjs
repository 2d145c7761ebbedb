// Which host belongs to which stand-in, and where each provider takes a key.
//
// `right`: the one slot that a gateway must use. `also`: slots that the provider takes too; right only when an SDK
// talks to us directly. A slot is the name of a header, `query:NAME`, or `subprotocol`. SPDX-License-Identifier: Apache-2.0

export const SERVICES = {
  gemini: {
    hosts: ['generativelanguage.googleapis.com'],
    right: (path) => (/^\/v\w+\/openai\//.test(path) ? ['authorization'] : ['x-goog-api-key']),
    also: ['query:key'],
  },
  elevenlabs: {
    hosts: [
      'api.elevenlabs.io',
      'api.us.elevenlabs.io',
      'api.eu.residency.elevenlabs.io',
      'api.in.residency.elevenlabs.io',
      'api.sg.residency.elevenlabs.io',
    ],
    right: () => ['xi-api-key'],
    also: ['authorization', 'query:authorization', 'query:xi-api-key'],
  },
  heygen: {
    hosts: ['api.heygen.com', 'upload.heygen.com'],
    right: () => ['x-api-key'],
    also: ['authorization'],
  },
  firecrawl: {
    hosts: ['api.firecrawl.dev'],
    // On an upgrade the provider takes the subprotocol as well: a gateway may use either, never both.
    right: (_path, upgrade) => (upgrade ? ['authorization', 'subprotocol'] : ['authorization']),
    also: [],
  },
  openai: {
    hosts: ['api.openai.com', 'us.api.openai.com', 'eu.api.openai.com', 'ae.api.openai.com'],
    right: () => ['authorization'],
    also: ['subprotocol'],
  },
  anthropic: {
    hosts: ['api.anthropic.com'],
    right: () => ['x-api-key'],
    also: ['authorization'],
  },
  // What is injected is never proxied: these see a key only when a person has it checked.
  github: {
    hosts: ['api.github.com'],
    right: () => ['authorization'],
    also: [],
  },
  gitlab: {
    hosts: ['gitlab.com'],
    right: () => ['private-token'],
    also: ['authorization'],
  },
  slack: {
    hosts: ['slack.com'],
    right: () => ['authorization'],
    also: [],
  },
  npm: {
    hosts: ['npm.standin.test'],
    right: () => ['authorization'],
    also: [],
  },
  pypi: {
    hosts: ['upload.standin.test'],
    right: () => ['authorization'],
    also: [],
  },
  gcp: {
    hosts: ['oauth2.googleapis.com'],
    right: () => ['query:access_token'],
    also: [],
  },
  docker: {
    hosts: ['auth.docker.io'],
    right: () => ['authorization'],
    also: [],
  },
  bitbucket: {
    hosts: ['api.bitbucket.org'],
    right: () => ['authorization'],
    also: [],
  },
  linear: {
    hosts: ['api.linear.app'],
    right: () => ['authorization'],
    also: [],
  },
  // A host that belongs to no provider, for the services that a tenant describes itself.
  generic: {
    hosts: ['api.standin.test', 'other.standin.test'],
    right: () => ['x-standin-key', 'authorization'],
    also: [],
  },
  // A registry of packages: one host that wants a key, and one that everybody may read and that must see none.
  packages: {
    hosts: ['private.packages.standin.test'],
    right: () => ['authorization'],
    also: [],
  },
  'public-packages': {
    hosts: ['packages.standin.test'],
    right: () => [],
    also: [],
    takesNoKey: true,
  },
};

export const HOSTS = Object.fromEntries(
  Object.entries(SERVICES).flatMap(([name, service]) => service.hosts.map((host) => [host, name])),
);

/** Every place where any provider takes a credential: none may carry anything but the one right key. */
export const CREDENTIAL_HEADERS = [
  'authorization',
  'proxy-authorization',
  'x-goog-api-key',
  'xi-api-key',
  'x-api-key',
  'api-key',
  'private-token',
  'x-standin-key',
  'cookie',
];
export const CREDENTIAL_QUERIES = [
  'key',
  'api_key',
  'access_token',
  'authorization',
  'xi-api-key',
  'single_use_token',
  'token',
];
