// People and their tenants. SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { useMay } from '../access';
import { api, result, type Member, type Receipt, type Tenant } from '../api/client';
import { refresh, useKeys, useMembers } from '../api/queries';
import { useScope } from '../scope';
import { Question } from '../ui/dialogs';
import { Table, type Column } from '../ui/lists';
import { Badge, Button, Card, Empty, Loading, Page, Problem, Time } from '../ui/pieces';
import { plural, roles } from '../words';
import { Invite } from './invite';
import { AddMember, AddTenant } from './people_forms';
import { ReceiptView } from './receipt';

type Subject = { kind: 'member'; of: Member } | { kind: 'tenant'; of: Tenant };

const remove = (subject: Subject): Promise<Receipt> =>
  subject.kind === 'member'
    ? result(api.DELETE('/api/v1/members/{name}', { params: { path: { name: subject.of.name }, query: { tenant: subject.of.tenant } } }))
    : result(api.DELETE('/api/v1/tenants/{name}', { params: { path: { name: subject.of.name } } }));

function Remove({ subject, onClose }: { subject: Subject; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const [typed, setTyped] = useState('');
  const act = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setReceipt(await remove(subject));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
    refresh('members', 'tenants', 'keys', 'sessions', 'record', 'receipts');
  };
  const { name } = subject.of;
  if (receipt)
    return <Question open onClose={onClose} title={`${name} is removed`} text="This is what was achieved." actions={<Button kind="primary" onClick={onClose}>Close</Button>}><ReceiptView receipt={receipt} /></Question>;
  return (
    <Question open onClose={() => { if (!busy) onClose(); }} title={`Remove ${name}?`}
      text={subject.kind === 'member' ? 'Their sessions end and their integrations are revoked at once. Skill secrets stay. It cannot be undone.' : 'All its sessions end, all its keys are revoked and its tenant key is destroyed: nothing of it can be opened again. It cannot be undone.'}
      actions={<><Button onClick={onClose} disabled={busy}>Keep</Button><Button kind="danger" busy={busy} disabled={subject.kind === 'tenant' && typed !== name} onClick={() => void act()}>Remove</Button></>}>
      <Problem error={problem} />
      {subject.kind === 'tenant' && <div className="field"><label htmlFor="typed-name">Type {name} to confirm</label><input id="typed-name" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} /></div>}
    </Question>
  );
}

export function Members() {
  const { tenant, tenants, choose } = useScope();
  const may = useMay();
  const members = useMembers(tenant);
  const { data: keys } = useKeys(tenant);
  const [inviting, setInviting] = useState<Member | null>(null);
  const [removing, setRemoving] = useState<Subject | null>(null);
  const chosen = tenant !== '' ? tenant : (tenants[0]?.name ?? '');
  const integrations = (member: Member) => (keys ?? []).filter((key) => key.owner === member.name && key.tenant === member.tenant && key.state !== 'revoked').length;
  const columns: Column<Member>[] = [
    { name: 'name', header: 'Name', cell: (row) => <div><strong>{row.name}</strong>{tenants.length > 1 && <small>{row.tenant}</small>}</div> },
    { name: 'role', header: 'Role', cell: (row) => <div>{row.role} {row.withheld && <Badge tone="warn">no access</Badge>}<small>{row.withheld ? 'No group that they were provisioned in has a role any more.' : roles[row.role]}</small></div> },
    { name: 'keys', header: 'Integrations', cell: (row) => (integrations(row) === 0 ? <span className="quiet-text">none</span> : plural(integrations(row), 'key')) },
    { name: 'added', header: 'Added', cell: (row) => <Time at={row.created} /> },
    { name: 'action', header: <span className="unseen">Actions</span>, cell: (row) => may.has('administer') && (row.role !== 'owner' || may.has('appoint_owners')) && <div className="actions"><Button aria-label={`Invite ${row.name}`} onClick={() => setInviting(row)}>Invite</Button><Button kind="danger" aria-label={`Remove ${row.name}`} onClick={() => setRemoving({ kind: 'member', of: row })}>Remove</Button></div> },
  ];
  return (
    <Page title="Members" lead="People on whose behalf agents work. Removing somebody ends their sessions and revokes their integrations at once.">
      <Problem error={members.error} />
      {members.isPending && !members.error && <Loading what="members" />}
      {tenants.length === 0 && <Empty icon="members" title="No tenant yet"><p>A tenant is an organisation: its members, its keys and its record stay apart from everybody else’s.</p></Empty>}
      {tenants.length > 0 && members.data?.length === 0 && <Empty icon="members" title="No members yet"><p>A session runs on behalf of a member, and an integration belongs to one. Add the first below.</p></Empty>}
      {(members.data?.length ?? 0) > 0 && <Table label="Members" className="members-table" columns={columns} rows={members.data ?? []} keyOf={(row) => row.id} height={64} />}
      <div className="grid">
        {tenants.length > 0 && may.has('administer') && <Card title={`Add a member${tenants.length > 1 ? ` to ${chosen}` : ''}`}><AddMember tenant={chosen} /></Card>}
        {may.has('operate') && <Card title="Tenants">
          <ul className="plain-list">
            {tenants.map((each) => <li key={each.id} className="line"><span>{tenants.length > 1 ? <button type="button" className="link" onClick={() => choose(each.name)}>{each.name}</button> : <strong>{each.name}</strong>}<small>since <Time at={each.created} /></small></span><Button kind="danger" aria-label={`Remove the tenant ${each.name}`} onClick={() => setRemoving({ kind: 'tenant', of: each })}>Remove</Button></li>)}
          </ul>
          <AddTenant />
        </Card>}
      </div>
      {inviting && <Invite member={inviting} onClose={() => setInviting(null)} />}
      {removing && <Remove subject={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}
