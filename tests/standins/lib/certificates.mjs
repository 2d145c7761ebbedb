// A certificate authority that lives as long as one run, and one leaf for every host we stand in for.
// The private key of the authority is deleted as soon as the leaf is signed. SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Makes the authority and a leaf that names `hosts`; answers PEM texts. */
export function makeCertificates(hosts) {
  const folder = mkdtempSync(join(tmpdir(), 'standins-'));
  const at = (name) => join(folder, name);
  try {
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('ca.key'));
    openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      at('ca.key'),
      '-days',
      '7',
      '-out',
      at('ca.pem'),
      '-subj',
      '/CN=Strongroom test stand-ins',
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    );
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('leaf.key'));
    openssl(
      'req',
      '-new',
      '-key',
      at('leaf.key'),
      '-out',
      at('leaf.csr'),
      '-subj',
      '/CN=stand-ins',
    );
    const names = hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`));
    writeFileSync(
      at('leaf.ext'),
      [
        `subjectAltName=${names.join(',')}`,
        'basicConstraints=CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth',
        '',
      ].join('\n'),
    );
    openssl(
      'x509',
      '-req',
      '-in',
      at('leaf.csr'),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '7',
      '-extfile',
      at('leaf.ext'),
      '-out',
      at('leaf.pem'),
    );
    return {
      ca: readFileSync(at('ca.pem'), 'utf8'),
      certificate: readFileSync(at('leaf.pem'), 'utf8') + readFileSync(at('ca.pem'), 'utf8'),
      key: readFileSync(at('leaf.key'), 'utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
