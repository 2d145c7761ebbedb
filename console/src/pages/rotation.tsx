// New keys for what is stored: records sealed anew, a new root key, and what was revoked made unrecoverable (R4). The operator's.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { api, result, type Rewrap, type RootRotation, type Seal } from '../api/client';
import { refresh, useReceipt, useRewrap, useSeals } from '../api/queries';
import { useScope } from '../scope';
import { Panel, Question } from '../ui/dialogs';
import { SecretField, SelectField, TextField, takeSecret } from '../ui/fields';
import { Button, Card, Command, Loading, Notice, Problem, Time } from '../ui/pieces';
import { number, plural } from '../words';
import { ReceiptView } from './receipt';
import { NewShares, type SharesOfSeal } from './shares';

const asksNobody = ['file', 'shares'];

/** What has to be chosen, or is held outside, is made before the root key changes. */
async function prepare(seals: readonly Seal[], passphraseOf: (seal: Seal) => string): Promise<void> {
  for (const seal of seals) {
    if (asksNobody.includes(seal.kind)) continue;
    const body = seal.kind === 'passphrase' ? { value: passphraseOf(seal) } : {};
    await result(api.POST('/api/v1/seals/{id}/prepare', { params: { path: { id: seal.id } }, body }));
  }
}

interface Asked { title: string; text: ReactNode; typed: string; action: string }

/** Says what will happen, wants a word typed, and the new passphrases where a seal is by passphrase. */
function Ask({ asked, onClose, onAct }: { asked: Asked; onClose: () => void; onAct: () => Promise<void> }) {
  const { data: seals, error } = useSeals();
  const fields = useRef(new Map<string, HTMLInputElement>());
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const byPassphrase = (seals ?? []).filter((seal) => seal.kind === 'passphrase');
  const outside = (seals ?? []).filter((seal) => seal.kind !== 'passphrase' && !asksNobody.includes(seal.kind));
  const act = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await prepare(seals ?? [], (seal) => takeSecret(fields.current.get(seal.id) ?? null));
      await onAct();
      onClose();
    } catch (failure) {
      setProblem(failure);
      setBusy(false);
    }
  };
  return (
    <Question open onClose={() => { if (!busy) onClose(); }} title={asked.title} text={asked.text}
      actions={<><Button onClick={onClose} disabled={busy}>Leave it</Button><Button kind="danger" busy={busy} disabled={typed !== asked.typed || !seals} onClick={() => void act()}>{asked.action}</Button></>}>
      <Problem error={problem ?? error} />
      {byPassphrase.map((seal, at) => (
        <SecretField key={seal.id} label={byPassphrase.length === 1 ? 'New passphrase of the seal' : `New passphrase of seal ${at + 1}`} required minLength={12}
          field={(node) => { if (node) fields.current.set(seal.id, node); else fields.current.delete(seal.id); }}
          hint="Another than today’s, at least 12 characters: with the old one, old copies would still open." />
      ))}
      {outside.length > 0 && <p>A new key is made for {plural(outside.length, 'seal')} held outside: {outside.map((seal) => seal.detail).join(', ')}.</p>}
      <TextField label={`Type ${asked.typed} to confirm`} value={typed} onChange={(event) => setTyped(event.target.value)} autoCapitalize="none" />
    </Question>
  );
}

/** How a rewrap of the tenant goes on, or what it achieved. */
function Going({ view }: { view: Rewrap }) {
  if (view.state === 'failed') return <Notice tone="bad"><strong>It has stopped:</strong> {view.why} What is done stays done; the same button goes on.</Notice>;
  if (view.state === 'running')
    return (
      <div className="going" role="status">
        <p>{view.seen < view.keys ? `Sealing anew: ${number(view.seen)} of ${plural(view.keys, 'key')}` : 'Counting what is left'}…</p>
        <progress max={Math.max(1, view.keys)} value={view.seen} aria-label="Keys looked at" />
      </div>
    );
  return (
    <Notice tone={view.left === 0 && view.forgotten ? 'good' : 'warn'}>
      <strong>{plural(view.rewrapped, 'record')} sealed anew, {number(view.left)} left.</strong> Epoch {number(view.epoch)}, <Time at={view.ended} />.{' '}
      {view.forgotten ? 'No file of the database holds the old seed any more.' : 'The database’s log may still hold the old seed: do it again.'}
    </Notice>
  );
}

function Done({ rotation }: { rotation: RootRotation }) {
  const isWhole = rotation.overwritten && rotation.forgotten;
  return (
    <Notice tone={isWhole ? 'good' : 'warn'}>
      <strong>There is a new root key.</strong> {plural(rotation.seals.length, 'seal')} with new keys, <Time at={rotation.at} />.{' '}
      {isWhole ? 'The old key of the seal’s file was written over, and no file of the database holds what the old root key opens.' : 'Something of the old key may still be in a file: the server’s log says which. Mend it and do it again.'}{' '}
      Copies of the database from before open no more: make a new backup, and a new copy of <code>seal.key</code>.
    </Notice>
  );
}

type Doing = 'root' | 'shred';

export function Rotation() {
  const { tenant, tenants } = useScope();
  const [wanted, setWanted] = useState(tenant);
  const chosen = tenants.some((each) => each.name === wanted) ? wanted : (tenants[0]?.name ?? '');
  const rewrap = useRewrap(chosen);
  const [doing, setDoing] = useState<Doing | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [rotation, setRotation] = useState<RootRotation | null>(null);
  const [shares, setShares] = useState<SharesOfSeal[]>([]);
  const [receiptId, setReceiptId] = useState('');
  const [awaited, setAwaited] = useState<{ tenant: string; epoch: number } | null>(null);
  const receipt = useReceipt(receiptId);
  const view = rewrap.data ?? null;
  const isRunning = view?.state === 'running';

  // The receipt of a shred that was begun here shows itself.
  useEffect(() => {
    if (!awaited || awaited.tenant !== chosen || !view || view.epoch < awaited.epoch || view.state === 'running') return;
    setAwaited(null);
    setReceiptId(view.receipt);
    refresh('receipts', 'record', 'seals');
  }, [awaited, chosen, view]);

  const path = { params: { path: { name: chosen } } };
  const sealAnew = () => {
    setProblem(null);
    result(api.POST('/api/v1/tenants/{name}/rewrap', { ...path, body: {} })).catch(setProblem).finally(() => refresh('rewrap', 'record'));
  };
  const rotate = async () => {
    const done = await result(api.POST('/api/v1/root/rotate', { body: {} }));
    setShares(done.new_shares);
    setRotation(done);
    refresh('seals', 'record', 'installation');
  };
  const shred = async () => {
    const begun = await result(api.POST('/api/v1/tenants/{name}/shred', { ...path, body: {} }));
    setShares(begun.new_shares ?? []);
    setAwaited({ tenant: chosen, epoch: begun.epoch });
    refresh('rewrap', 'seals', 'record');
  };
  const asked: Record<Doing, Asked> = {
    root: {
      title: 'Make a new root key?', typed: 'new root key', action: 'Make it',
      text: 'It holds at once, while everything goes on. Every seal gets a new key; older copies of the database open no more with today’s seals, so make a new backup and a new copy of seal.key afterwards.',
    },
    shred: {
      title: `Shred what was revoked in ${chosen}?`, typed: chosen, action: 'Shred',
      text: 'A new root key first, then every record of the tenant is sealed anew and the old seed destroyed. What was revoked before opens with no older copy of the database. Keys in use stay in use. It cannot be undone: old backups open no more.',
    },
  };
  return (
    <Card title="New keys for what is stored">
      {tenants.length > 1 && <SelectField label="Tenant" value={chosen} onChange={(event) => setWanted(event.target.value)}>{tenants.map((each) => <option key={each.name}>{each.name}</option>)}</SelectField>}
      {chosen !== '' && (
        <div className="part">
          <h3>Seal records anew</h3>
          <p>A new tenant key and epoch for {chosen}: every record is sealed under them while everything goes on, and the old seed is destroyed. After a change of people, or now and then.</p>
          <Button busy={isRunning} onClick={sealAnew}>Seal records anew</Button>
          <Problem error={problem ?? rewrap.error} />
          {view && <Going view={view} />}
          {view?.state === 'done' && view.receipt !== '' && <Button onClick={() => setReceiptId(view.receipt)}>See the shred’s receipt</Button>}
        </div>
      )}
      <div className="part">
        <h3>A new root key</h3>
        <p>All keys hang on it. When a seal’s file, a passphrase or an old backup may have got into other hands: what they open is the old one.</p>
        <Button kind="danger" disabled={isRunning} onClick={() => setDoing('root')}>Make a new root key</Button>
        {rotation && <div role="status"><Done rotation={rotation} /></div>}
      </div>
      {chosen !== '' && (
        <div className="part">
          <h3>Shred what was revoked</h3>
          <p>Revoked keys cannot be used; a backup from before, with the seals of its time, could still open them. Shredding does both of the above and ends with a signed receipt that says whether that is over (R4).</p>
          <Button kind="danger" disabled={isRunning} onClick={() => setDoing('shred')}>Shred what was revoked</Button>
          <p className="hint">Of a tenant that was removed:</p>
          <Command label="command that shreds a removed tenant">strongroom shred --tenant TENANT_ID</Command>
        </div>
      )}
      {doing && <Ask key={doing} asked={asked[doing]} onClose={() => setDoing(null)} onAct={doing === 'root' ? rotate : shred} />}
      <NewShares of={shares} onKept={() => setShares([])} />
      <Panel open={receiptId !== '' && shares.length === 0} onClose={() => setReceiptId('')} title="What was achieved">
        {receipt.data ? <ReceiptView receipt={receipt.data} /> : <Loading what="the receipt" />}
        <Problem error={receipt.error} />
      </Panel>
    </Card>
  );
}
