// A registry of packages: npm's metadata and tarballs, Python's simple index and wheels, cargo's sparse index and crates,
// Maven's layout. Tiny packages, one of them needed by another. SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

import { tgz, zip } from '../lib/archives.mjs';
import { sha256 } from '../lib/exchange.mjs';

const VERSION = '1.0.0';
const sha1 = (content) => createHash('sha1').update(content).digest('hex');

const npmPackage = (name, dependencies, code) => {
  const about = { name, version: VERSION, dependencies, main: 'index.js' };
  const tarball = tgz([
    ['package/package.json', JSON.stringify(about)],
    ['package/index.js', code],
  ]);
  return { about, tarball };
};

const NPM = {
  'standin-base': npmPackage('standin-base', {}, "module.exports = 'standin';\n"),
  '@standin/scoped': npmPackage('@standin/scoped', {}, "module.exports = 'top';\n"),
  'standin-top': npmPackage(
    'standin-top',
    { 'standin-base': '^1.0.0', '@standin/scoped': '^1.0.0' },
    "module.exports = `${require('standin-base')} ${require('@standin/scoped')}`;\n",
  ),
};

const wheel = (name, needs) => {
  const folder = `${name}-${VERSION}.dist-info`;
  const metadata = ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${VERSION}`];
  const files = [
    [`${name}.py`, `NAME = '${name}'\n`],
    [
      `${folder}/METADATA`,
      `${[...metadata, ...needs.map((one) => `Requires-Dist: ${one}`)].join('\n')}\n`,
    ],
    [
      `${folder}/WHEEL`,
      'Wheel-Version: 1.0\nGenerator: standin\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ],
  ];
  const record = [...files.map(([path]) => path), `${folder}/RECORD`];
  return zip([...files, [`${folder}/RECORD`, record.map((path) => `${path},,\n`).join('')]]);
};

const WHEELS = {
  'standin-base': { file: `standin_base-${VERSION}-py3-none-any.whl`, octets: wheel('standin_base', []) },
  'standin-top': {
    file: `standin_top-${VERSION}-py3-none-any.whl`,
    octets: wheel('standin_top', ['standin-base']),
  },
};

const CRATE = tgz([
  [
    `standin-base-${VERSION}/Cargo.toml`,
    `[package]\nname = "standin-base"\nversion = "${VERSION}"\nedition = "2021"\n`,
  ],
  [`standin-base-${VERSION}/src/lib.rs`, 'pub const NAME: &str = "standin";\n'],
]);

const POM = `<project><modelVersion>4.0.0</modelVersion><groupId>test.standin</groupId>
<artifactId>standin-parent</artifactId><version>${VERSION}</version><packaging>pom</packaging></project>
`;

export function badKey(exchange) {
  exchange.answerJson(401, { error: 'bad key' }, { 'www-authenticate': 'Basic realm="standin"' });
}

function npmMetadata(exchange, name) {
  const { about, tarball } = NPM[name];
  const dist = {
    tarball: `${exchange.origin}/npm/${name}/-/${name.split('/').at(-1)}-${VERSION}.tgz`,
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    shasum: sha1(tarball),
  };
  exchange.answerJson(200, {
    name,
    'dist-tags': { latest: VERSION },
    versions: { [VERSION]: { ...about, dist } },
  });
}

/** What has one path and one content: [content type, content]. */
const fixed = (origin) => ({
  '/cargo/config.json': ['application/json', JSON.stringify({ dl: `${origin}/crates` })],
  '/cargo/st/an/standin-base': [
    'text/plain',
    `${JSON.stringify({ name: 'standin-base', vers: VERSION, deps: [], cksum: sha256(CRATE), features: {}, yanked: false })}\n`,
  ],
  [`/crates/standin-base/${VERSION}/download`]: ['application/octet-stream', CRATE],
  [`/maven/test/standin/standin-parent/${VERSION}/standin-parent-${VERSION}.pom`]: ['text/xml', POM],
  [`/maven/test/standin/standin-parent/${VERSION}/standin-parent-${VERSION}.pom.sha1`]: [
    'text/plain',
    sha1(POM),
  ],
});

const octets = (exchange, content) =>
  exchange.answer(
    200,
    { 'content-type': 'application/octet-stream', 'content-length': content.length },
    content,
  );

/** [a package's name, what of it is asked for]. npm asks for a scope's with the slash escaped. */
function npmAsked(path) {
  const [, name, file] = /^\/npm\/(@[^/]+\/[^/]+|[^/]+)(\/-\/[^/]+)?$/.exec(path) ?? [];
  return [name?.replace(/%2f/i, '/'), file];
}

export async function handle(exchange) {
  await exchange.body();
  const known = fixed(exchange.origin)[exchange.path];
  if (known) return exchange.answer(200, { 'content-type': known[0] }, known[1]);
  const [asked, file] = npmAsked(exchange.path);
  if (NPM[asked]) return file ? octets(exchange, NPM[asked].tarball) : npmMetadata(exchange, asked);
  const [, kind, name] = exchange.path.split('/');
  if (kind === 'simple' && WHEELS[name]) {
    const { file, octets: content } = WHEELS[name];
    const link = `<a href="/wheels/${file}#sha256=${sha256(content)}">${file}</a>`;
    const page = `<!DOCTYPE html><html><body>${link}</body></html>\n`;
    return exchange.answer(200, { 'content-type': 'text/html; charset=utf-8' }, page);
  }
  const found = Object.values(WHEELS).find(({ file }) => kind === 'wheels' && file === name);
  return found ? octets(exchange, found.octets) : exchange.answerJson(404, { error: 'not here' });
}
