// How keys are stored: each promise in plain words, with its present state here. SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';
import { useMay } from '../access';
import { useInstallation, useKeys, useReceipts, useSeals, useSessions, useVerification } from '../api/queries';
import { href } from '../route';
import { useScope } from '../scope';
import { Badge, Page, Problem, Time } from '../ui/pieces';
import { plural, type Tone } from '../words';

function Promised({ title, state, tone, children }: { title: string; state: ReactNode; tone: Tone; children: ReactNode }) {
  return (
    <li className="card promised">
      <h2>{title}</h2>
      <div>{children}</div>
      <div className="present"><span className="present-title">Here, now</span><Badge tone={tone}>{state}</Badge></div>
    </li>
  );
}

export function Promises() {
  const { tenant } = useScope();
  const keys = useKeys(tenant);
  const { data: seals } = useSeals();
  const { data: installation } = useInstallation();
  const { data: sessions } = useSessions(tenant, 'open');
  const seesAll = useMay().has('see_all');
  const { data: receipts } = useReceipts(seesAll);
  const verification = useVerification(seesAll);
  const live = (keys.data ?? []).filter((key) => key.state !== 'revoked');
  const proxied = live.filter((key) => key.delivery === 'proxied').length;
  const own = live.filter((key) => key.home === 'integration').length;
  const refused = live.filter((key) => key.state === 'rejected_by_provider').length;
  const kinds = [...new Set((seals ?? []).map((seal) => seal.kind))];
  const isLocal = /\/\/(127\.|localhost|\[::1\])/.test(installation?.gateway ?? '');
  const isTls = (installation?.gateway ?? '').startsWith('https:');
  return (
    <Page title="How your keys are stored" lead="What Strongroom promises, in plain words, and how each promise stands on this installation at this moment.">
      <Problem error={keys.error} />
      <ol className="promised-list">
        <Promised title="Encrypted before it is stored, and never shown again" tone="good" state={`${plural(live.length, 'key')}, none readable`}>
          <p>Every version of a key is encrypted with AES-256-GCM under a key of its own, bound to its tenant, owner and service, so that a copied or moved row does not open. There is no call, for anyone, that gives a value back.</p>
        </Promised>
        <Promised title="The root key is sealed" tone={kinds.length === 0 ? 'plain' : (seals?.length ?? 0) > 1 ? 'good' : 'warn'}
          state={kinds.length === 0 ? 'not known' : (seals?.length ?? 0) > 1 ? `${plural(seals?.length ?? 0, 'seal')}: ${kinds.join(', ')}` : `one seal (${kinds[0] ?? ''}): if it is lost, so are the keys`}>
          <p>All keys hang on one root key, which is never on the disk in the clear. Seals (a file, a passphrase, shares) open it when the server starts. <a href={href('settings')}>Add another seal</a></p>
        </Promised>
        <Promised title="A key has one home" tone="good" state={`${plural(live.length - own, 'skill secret')}, ${plural(own, 'integration')}`}>
          <p>A skill secret serves the tenant’s agents. An integration serves only its owner’s sessions: not even an owner of the tenant can use, read or move another member’s; only revoke it.</p>
        </Promised>
        <Promised title="Agents work with keys that they never hold" tone="good" state={`${proxied} of ${plural(live.length, 'key')} never leave${live.length === 1 ? 's' : ''} this server`}>
          <p>Keys of AI and media providers stay here: an agent holds a pass, and the gateway puts the key on the wire. What tools must hold (git tokens, database passwords) is in the workroom only while a session runs. The service decides; nobody can choose the weaker way.</p>
        </Promised>
        <Promised title="The way to the gateway" tone={isLocal || isTls ? 'good' : installation ? 'warn' : 'plain'} state={!installation ? 'not known' : isTls ? 'by TLS' : isLocal ? 'this machine only' : 'plain HTTP from other machines'}>
          <p>Passes travel from workrooms to the gateway at {installation?.gateway ?? '…'}. On one machine they never leave it; between machines the way should be TLS.</p>
        </Promised>
        <Promised title="Switched off at once, and proven" tone="good" state={receipts && receipts.length > 0 ? <>{plural(receipts.length, 'receipt')}, the newest <Time at={receipts[0]!.created} /></> : receipts ? 'nothing revoked yet' : 'receipts are shown to owners, admins and auditors'}>
          <p>Revoke answers when no gateway sends the key any more and every connection that carried it is closed (R1), says which processes that were given it are dead or not (R2), whether the provider has destroyed it (R3) and whether backups could still open it (R4). The answer is signed.</p>
        </Promised>
        <Promised title="No holder is trusted for longer than two seconds" tone="good" state={`${plural(sessions?.length ?? 0, 'session')} running`}>
          <p>Gateways and workrooms hold keys by leases of 2 seconds. One that cannot renew, because it was cut off, hangs or was stolen, stops by itself.</p>
        </Promised>
        <Promised title="Every use is written down before it happens" tone={verification.error ? 'bad' : verification.data ? 'good' : 'plain'} state={verification.error ? 'the record does not verify' : verification.data ? `${plural(verification.data.entries, 'entry', 'entries')}, verified` : seesAll ? 'verifying…' : 'verified by owners, admins and auditors'}>
          <p>The record is chained and signed: an entry that is changed, or missing, shows. It can be checked without this server. <a href={href('activity')}>See the record</a></p>
        </Promised>
        <Promised title="A key that its provider refuses is noticed" tone={refused > 0 ? 'warn' : 'good'} state={refused > 0 ? `${plural(refused, 'key')} refused` : 'none refused'}>
          <p>Rotated or deleted in the provider’s own console, it shows as rejected here as soon as it is used or checked.</p>
        </Promised>
        <Promised title="Never in an image, a log, an argument or a page" tone="good" state="by construction; searched for in every test run">
          <p>Values live in locked memory that is wiped after use and kept out of core dumps. <code>strongroom scan</code> looks for the values of your keys in folders, git histories and images, if you want to be sure of yours.</p>
        </Promised>
      </ol>
    </Page>
  );
}
