// Switching a key off, and its receipt as it fills in. SPDX-License-Identifier: Apache-2.0
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { api, result, type Key, type Receipt } from '../api/client';
import { refresh, useServices, useSessions } from '../api/queries';
import { useSessionEvents } from '../live';
import { Question } from '../ui/dialogs';
import { Icon } from '../ui/mark';
import { Button, Notice, OutsideLink, Problem } from '../ui/pieces';
import { holderName, keyName, plural, sentence } from '../words';
import { sessionsByKey } from './keys';
import { ReceiptView } from './receipt';

interface Awaited { id: string; name: string; role: string; session: string; member: string }

/** Who holds something of the key at this moment. */
function useHolders(key: Key, enabled: boolean): Awaited[] {
  const { data } = useSessions(key.tenant, 'open');
  const sessions = (sessionsByKey(data).get(key.id) ?? []).slice(0, 50);
  const shown = useQueries({
    queries: sessions.map((session) => ({
      queryKey: ['sessions', 'one', session.id],
      queryFn: () => result(api.GET('/api/v1/sessions/{id}', { params: { path: { id: session.id } } })),
      enabled,
    })),
  });
  return sessions.flatMap((session, at) => {
    const holders = (shown[at]?.data?.holders ?? []).filter((holder) => holder.keys.includes(key.id) || holder.role === 'runner');
    if (holders.length === 0) return [{ id: session.id, name: 'no holder yet', role: 'session', session: session.id, member: session.member }];
    return holders.map((holder) => ({ id: `${session.id} ${holder.holder}`, name: holder.name, role: holder.role, session: session.id, member: session.member }));
  });
}

function Waiting({ holders, gone }: { holders: readonly Awaited[]; gone: ReadonlySet<string> }) {
  return (
    <div role="status" aria-live="polite">
      <p className="progress-line"><Icon name="wait" className="turning" /> Every holder is told to let go. This answers when all have, at the latest when their leases have run out (2.5 seconds).</p>
      <ul className="holders">
        {holders.map((holder) => (
          <li key={holder.id}>
            <Icon name={gone.has(holder.session) ? 'good' : 'wait'} className={gone.has(holder.session) ? 'good' : 'turning'} />
            {holder.role === 'session' ? 'Session' : `${sentence(holderName(holder.role, holder.name))}, session`} of {holder.member}: {gone.has(holder.session) ? 'has let go' : 'letting go…'}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Revoke({ subject, onClose }: { subject: Key | null; onClose: () => void }) {
  return subject ? <RevokeDialog key={subject.id} subject={subject} onClose={onClose} /> : null;
}

function RevokeDialog({ subject, onClose }: { subject: Key; onClose: () => void }) {
  const { data: services } = useServices();
  const [phase, setPhase] = useState<'asking' | 'waiting' | 'done'>('asking');
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const [awaited, setAwaited] = useState<Awaited[]>([]);
  const now = useHolders(subject, phase === 'asking');
  useSessionEvents((event) => {
    if (event.event === 'key_revoked' && event.key === subject.id && event.session) setGone((before) => new Set([...before, event.session!]));
  });
  const revoke = async () => {
    setAwaited(now);
    setPhase('waiting');
    setProblem(null);
    try {
      setReceipt(await result(api.POST('/api/v1/keys/{id}/revoke', { params: { path: { id: subject.id } }, body: {} })));
      setPhase('done');
    } catch (error) {
      setProblem(error);
      setPhase('asking');
    }
    refresh('keys', 'sessions', 'record', 'receipts');
  };
  const service = services?.find((each) => each.id === subject.service);
  const name = keyName(subject, services);
  const endsAtSource = service?.ends_at_source && !subject.is_login;

  if (phase === 'done' && receipt)
    return (
      <Question open onClose={onClose} title={`${name} is revoked`} text="It can no longer be used through this Strongroom. This is what was achieved."
        actions={<Button kind="primary" onClick={onClose}>Close</Button>}>
        <ReceiptView receipt={receipt} {...(service ? { service } : {})} />
      </Question>
    );
  return (
    <Question open onClose={() => { if (phase === 'asking') onClose(); }} title={`Revoke ${name}?`}
      text={phase === 'waiting' ? 'Working…' : subject.delivery === 'proxied'
        ? 'New uses are refused and every open connection that carries it is closed before this answers. It cannot be undone.'
        : 'Every process that was given it is ended before this answers, or named in the receipt. It cannot be undone.'}
      actions={<>
        <Button onClick={onClose} disabled={phase === 'waiting'}>Keep it</Button>
        <Button kind="danger" busy={phase === 'waiting'} onClick={() => void revoke()}>Revoke</Button>
      </>}>
      <Problem error={problem} />
      {phase === 'asking' && now.length > 0 && <Notice tone="warn">{plural(new Set(now.map((each) => each.session)).size, 'running session')} will lose it at once: {[...new Set(now.map((each) => each.member))].join(', ')}.</Notice>}
      {phase === 'asking' && endsAtSource && (
        <p>The provider is told to end it as well, in every copy: whatever else uses the same value loses it, too. To put another value in its place instead, replace it.</p>
      )}
      {phase === 'asking' && service && !endsAtSource && service.console_url !== '' && (
        <p className="quiet-text">To destroy it at the source as well, delete it at <OutsideLink href={service.console_url}>{service.title}’s own console</OutsideLink>.</p>
      )}
      {phase === 'waiting' && <Waiting holders={awaited} gone={gone} />}
    </Question>
  );
}
