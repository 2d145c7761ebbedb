// The record of use: filtered, searched, verified. SPDX-License-Identifier: Apache-2.0
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { useMay } from '../access';
import type { Entry } from '../api/client';
import { useKeys, useMembers, useReceipt, useReceipts, useRecord, useServices, useVerification, type RecordFilter } from '../api/queries';
import { go, href } from '../route';
import { useScope } from '../scope';
import { Panel } from '../ui/dialogs';
import { SearchField, SelectField } from '../ui/fields';
import { Table, type Column } from '../ui/lists';
import { Icon } from '../ui/mark';
import { BackLink, Button, Card, Empty, Loading, Notice, Page, Problem, Time } from '../ui/pieces';
import { keyName, number, octets, plural } from '../words';
import { UsageChart } from './chart';
import { ReceiptView } from './receipt';
import { Outcome, details, kindOf, what } from './record';

export function Verification() {
  const { data, error, isFetching, refetch, dataUpdatedAt } = useVerification();
  return (
    <div className="verification">
      {error ? <Problem error={error}><p>Do not trust the record before an operator has looked: docs/operations.md says how.</p></Problem>
        : data ? <Notice tone="good"><strong>The record is whole.</strong> {plural(data.entries, 'entry', 'entries')} chained, {plural(data.checkpoints, 'signature')} right, {number(data.after_last_checkpoint)} not yet under one. Verified <Time at={new Date(dataUpdatedAt).toISOString()} />.</Notice>
          : <Loading what="and verifying the record" />}
      <Button busy={isFetching} onClick={() => void refetch()}>Verify again</Button>
    </div>
  );
}

function Receipts() {
  const { data } = useReceipts();
  const { tenant } = useScope();
  const [shown, setShown] = useState('');
  const receipt = useReceipt(shown);
  const rows = (data ?? []).filter((row) => tenant === '' || row.tenant === tenant).slice(0, 8);
  if (rows.length === 0) return null;
  return (
    <Card title="Newest receipts">
      <ul className="plain-list">
        {rows.map((row) => <li key={row.id}><button type="button" className="link" onClick={() => setShown(row.id)}>{row.subject.startsWith('key_') ? 'A key was revoked' : row.subject.startsWith('ses_') ? 'A session ended' : row.subject.startsWith('mem_') ? 'A member was removed' : 'A tenant was removed, or shredded'}</button><small><Time at={row.created} />, {row.tenant}</small></li>)}
      </ul>
      <Panel open={shown !== ''} onClose={() => setShown('')} title="Receipt">
        {receipt.data ? <ReceiptView receipt={receipt.data} /> : <Loading what="the receipt" />}
        <Problem error={receipt.error} />
      </Panel>
    </Card>
  );
}

const columns: Column<Entry>[] = [
  { name: 'time', header: 'When', cell: (row) => <Time at={row.time} /> },
  { name: 'what', header: 'What', cell: (row) => <><span className="what">{kindOf(row) === 'finding' && <Icon name="warn" className="bad small" />}{what(row)}</span>{details(row) !== '' && <small className="wrap">{details(row)}</small>}</> },
  { name: 'who', header: 'Who', cell: (row) => <>{row.member ?? row.actor ?? ''}{row.tenant && <small>{row.tenant}</small>}</> },
  { name: 'service', header: 'Service', cell: (row) => row.key ? <a href={href('keys', row.key)}>{row.service ?? 'key'}</a> : (row.service ?? '') },
  { name: 'session', header: 'Session', cell: (row) => row.session ? <a href={href('sessions', row.session)} title={row.session} className="mono">…{row.session.slice(-6)}</a> : '' },
  { name: 'outcome', header: 'Outcome', cell: (row) => <div><Outcome entry={row} />{(row.bytes_up ?? 0) + (row.bytes_down ?? 0) > 0 && <small>{octets(row.bytes_up ?? 0)} up, {octets(row.bytes_down ?? 0)} down</small>}</div> },
];

export function Activity({ item }: { item: string }) {
  const { tenant } = useScope();
  const seesAll = useMay().has('see_all');
  const [kind, setKind] = useState<NonNullable<RecordFilter['kind']> | ''>('');
  const [search, setSearch] = useState('');
  const [memberWanted, setMember] = useState('');
  const { data: members } = useMembers(tenant);
  const { data: keys } = useKeys(tenant);
  const { data: services } = useServices();
  const member = members?.find((each) => each.id === memberWanted);
  const filter: RecordFilter = {
    ...(tenant === '' ? {} : { tenant }),
    ...(item.startsWith('key_') ? { key: item } : {}),
    ...(item.startsWith('ses_') ? { session: item } : {}),
    ...(member ? { member: member.id } : {}),
  };
  const record = useRecord(kind === '' ? filter : { ...filter, kind });
  const attention = useRecord({ ...filter, kind: 'finding' }, 50);
  const entries = useMemo(() => record.data?.pages.flat() ?? [], [record.data]);
  const words = useDeferredValue(search).toLowerCase();
  const shown = useMemo(() => {
    const wanted = words.split(/\s+/).filter((word) => word !== '');
    return entries.filter((entry) => {
      if (wanted.length === 0) return true;
      const text = `${what(entry)} ${Object.values(entry).join(' ')}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
  }, [entries, words]);
  const findings = attention.data?.pages[0]?.length ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = record;
  const older = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const only = keys?.find((key) => key.id === item);
  return (
    <Page title="Activity" lead={item === '' ? 'The record of use. Each use is written down before it happens; nobody can take an entry back.' : `Only of ${only ? keyName(only, services) : item}.`}
      back={item === '' ? undefined : <BackLink href={href('activity')}>All activity</BackLink>}>
      {seesAll && <Verification />}
      <UsageChart entries={entries} keys={keys} services={services} />
      <div className="filters">
        <SearchField label="Search the record" placeholder="Path, host, status, member …" value={search} onChange={setSearch} />
        <SelectField label="Kind" value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
          <option value="">Everything</option>
          <option value="use">Uses</option>
          <option value="change">Changes</option>
          <option value="finding">Findings</option>
        </SelectField>
        {(members?.length ?? 0) > 0 && (
          <SelectField label="Member" value={memberWanted} onChange={(event) => setMember(event.target.value)}>
            <option value="">Everybody</option>
            {members?.map((each) => <option key={each.id} value={each.id}>{tenant === '' ? `${each.name} (${each.tenant})` : each.name}</option>)}
          </SelectField>
        )}
        {(keys?.length ?? 0) > 0 && (
          <SelectField label="Key" value={item.startsWith('key_') ? item : ''} onChange={(event) => go('activity', event.target.value)}>
            <option value="">All keys</option>
            {keys?.slice(0, 500).map((each) => <option key={each.id} value={each.id}>{keyName(each, services)}</option>)}
          </SelectField>
        )}
      </div>
      {findings > 0 && kind !== 'finding' && <Notice tone="bad"><strong>{findings >= 50 ? 'Fifty findings or more.' : `${plural(findings, 'finding')}.`}</strong> Something was refused or noticed that a person should look at. <button type="button" className="link" onClick={() => setKind('finding')}>Show only findings</button></Notice>}
      <Problem error={record.error} />
      {record.isPending && !record.error && <Loading what="the record" />}
      {record.data && shown.length === 0 && (
        entries.length === 0 && kind === ''
          ? <Empty icon="activity" title="Nothing recorded yet"><p>Every use of a key, every change and every finding will be here, signed and chained, so that a missing one shows.</p></Empty>
          : <Empty icon="search" title="Nothing is like that" action={<Button onClick={() => { setSearch(''); setKind(''); setMember(''); }}>Show everything</Button>}>
              <p>{plural(entries.length, 'entry was', 'entries were')} looked through{hasNextPage && '; there are older ones'}.</p>
            </Empty>
      )}
      {shown.length > 0 && <Table label="Record of use" className="record-table" columns={columns} rows={shown} keyOf={(row) => row.id} toneOf={kindOf} onEnd={older} height={64} />}
      {hasNextPage && <div className="buttons left"><Button busy={isFetchingNextPage} onClick={older}>Older entries</Button></div>}
      {item === '' && seesAll && <Receipts />}
    </Page>
  );
}
