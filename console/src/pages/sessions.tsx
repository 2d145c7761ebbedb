// Workrooms that run, and those that ran. SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { useMay } from '../access';
import { api, result, type Receipt, type Session } from '../api/client';
import { refresh, useServices, useSession, useSessions } from '../api/queries';
import { href } from '../route';
import { useScope } from '../scope';
import { Question } from '../ui/dialogs';
import { SelectField } from '../ui/fields';
import { Table, type Column } from '../ui/lists';
import { ServiceMark } from '../ui/mark';
import { Badge, Button, ButtonLink, Command, Empty, Loading, Page, Problem, Time } from '../ui/pieces';
import { octets, plural, sentence, titleOf } from '../words';
import { ReceiptView } from './receipt';

/** Asks, ends it, and shows what was achieved. */
export function EndSession({ session, onClose }: { session: Session | null; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  if (!session) return null;
  const close = () => {
    setReceipt(null);
    setProblem(null);
    onClose();
  };
  const end = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setReceipt(await result(api.POST('/api/v1/sessions/{id}/end', { params: { path: { id: session.id } }, body: {} })));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
    refresh('sessions', 'record', 'keys', 'receipts');
  };
  if (receipt)
    return (
      <Question open onClose={close} title="The session has ended" text="This is what was achieved." actions={<Button kind="primary" onClick={close}>Close</Button>}>
        <ReceiptView receipt={receipt} />
      </Question>
    );
  return (
    <Question open onClose={() => { if (!busy) close(); }} title={`End the session of ${session.member}?`} text="Its passes die, its connections are closed and its processes are ended before this answers."
      actions={<><Button onClick={close} disabled={busy}>Let it run</Button><Button kind="danger" busy={busy} onClick={() => void end()}>End it</Button></>}>
      <Problem error={problem} />
    </Question>
  );
}

function TrafficCell({ session }: { session: Session }) {
  const { data } = useSession(session.id, session.state === 'open');
  if (session.state !== 'open') return <span className="quiet-text">–</span>;
  if (!data?.traffic) return <span className="quiet-text">…</span>;
  const { uses, under_way: underWay, bytes_up: up, bytes_down: down } = data.traffic;
  return <>{plural(uses, 'use')}{underWay > 0 && `, ${underWay} under way`}<small>{octets(up)} up, {octets(down)} down</small></>;
}

export function Labels({ labels }: { labels: Record<string, string> }) {
  const all = Object.entries(labels);
  if (all.length === 0) return null;
  return <span className="labels">{all.map(([name, value]) => <span key={name} className="label">{name}={value}</span>)}</span>;
}

export function Sessions() {
  const { tenant, tenants } = useScope();
  const [state, setState] = useState<'open' | 'ended' | ''>('open');
  const sessions = useSessions(tenant, state);
  const { data: services } = useServices();
  const may = useMay();
  const [ending, setEnding] = useState<Session | null>(null);
  const columns: Column<Session>[] = [
    { name: 'who', header: 'On behalf of', cell: (row) => <><a href={href('sessions', row.id)}>{row.member}</a>{tenants.length > 1 && <small>{row.tenant}</small>}<Labels labels={row.labels} /></> },
    {
      name: 'keys', header: 'Keys', cell: (row) => (
        <span className="marks">{row.grants.length === 0 ? 'none' : row.grants.map((grant) => (
          <a key={grant.id} href={href('keys', grant.key)} title={`${titleOf(services, grant.service)}: ${grant.label}`}><ServiceMark service={grant.service} /><span>{grant.service}{grant.label !== 'default' && `:${grant.label}`}</span></a>))}</span>),
    },
    { name: 'state', header: 'State', cell: (row) => row.state === 'open' ? <Badge tone="good">Running</Badge> : <><Badge tone="plain">Ended</Badge>{row.ended_why !== '' && <small>{sentence(row.ended_why)}</small>}</> },
    { name: 'traffic', header: 'Traffic', cell: (row) => <div><TrafficCell session={row} /></div> },
    { name: 'time', header: 'Started', cell: (row) => <><Time at={row.started} /><small>{row.state === 'open' ? <>ends <Time at={row.expires} /></> : <>ended <Time at={row.ended} /></>}</small></> },
    { name: 'action', header: <span className="unseen">Actions</span>, cell: (row) => row.state === 'open' && may.end(row) && <Button kind="danger" aria-label={`End the session of ${row.member}`} onClick={() => setEnding(row)}>End</Button> },
  ];
  return (
    <Page title="Sessions" lead="Each is one run of a workroom, on behalf of one member, with the keys granted to it.">
      <div className="filters">
        <SelectField label="Show" value={state} onChange={(event) => setState(event.target.value as typeof state)}>
          <option value="open">Running</option>
          <option value="ended">Ended</option>
          <option value="">All</option>
        </SelectField>
      </div>
      <Problem error={sessions.error} />
      {sessions.isPending && !sessions.error && <Loading what="sessions" />}
      {sessions.data?.length === 0 && (
        <Empty icon="sessions" title={state === 'ended' ? 'No session has ended yet' : 'Nothing is running'} action={state === 'open' ? <ButtonLink href={href('keys')}>See which keys there are</ButtonLink> : undefined}>
          <p>A session begins where the agent runs, and shows here at once:</p>
          <Command label="command that starts a session">{`strongroom run --tenant ${tenant || tenants[0]?.name || 'TENANT'} --member MEMBER --service gemini -- python3 agent.py`}</Command>
        </Empty>
      )}
      {(sessions.data?.length ?? 0) > 0 && <Table label="Sessions" className="sessions-table" columns={columns} rows={sessions.data ?? []} keyOf={(row) => row.id} height={72} />}
      <EndSession session={ending} onClose={() => setEnding(null)} />
    </Page>
  );
}
