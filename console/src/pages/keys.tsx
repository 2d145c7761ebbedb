// Skill secrets and integrations, side by side and never mixed up. SPDX-License-Identifier: Apache-2.0
import { useDeferredValue, useMemo, useState } from 'react';
import { useMay } from '../access';
import type { Key, Service, Session } from '../api/client';
import { useKeys, useServices, useSessions } from '../api/queries';
import { href } from '../route';
import { useScope } from '../scope';
import { SearchField, SelectField } from '../ui/fields';
import { CardList } from '../ui/lists';
import { Icon, ServiceMark } from '../ui/mark';
import { Button, ButtonLink, Empty, Loading, Page, Problem, StateBadge, Time } from '../ui/pieces';
import { delivery, home, keyName, keyState, plural, titleOf } from '../words';
import { Revoke } from './revoke';

/** Open sessions by the keys that serve them. */
export function sessionsByKey(sessions: readonly Session[] | undefined): Map<string, Session[]> {
  const out = new Map<string, Session[]>();
  for (const session of sessions ?? []) {
    if (session.state !== 'open') continue;
    for (const key of new Set(session.grants.map((grant) => grant.key))) out.set(key, [...(out.get(key) ?? []), session]);
  }
  return out;
}

function Holding({ sessions }: { sessions: readonly Session[] }) {
  if (sessions.length === 0) return <span className="quiet-text">Nobody holds it now</span>;
  const members = [...new Set(sessions.map((session) => session.member))];
  const names = members.length > 3 ? `${members.slice(0, 3).join(', ')} and ${members.length - 3} more` : members.join(', ');
  return <span className="held"><span className="pulse" aria-hidden="true" />{plural(sessions.length, 'session')} of {names} right now</span>;
}

function KeyCard({ row, services, sessions, onRevoke, withTenant }: { row: Key; services: readonly Service[] | undefined; sessions: readonly Session[]; onRevoke: (key: Key) => void; withTenant: boolean }) {
  const may = useMay();
  const name = keyName(row, services);
  const { advice } = keyState(row.state);
  return (
    <article className={`key ${row.state}`} aria-label={name}>
      <ServiceMark service={row.service} />
      <div className="key-body">
        <div className="key-top">
          <h3><a href={href('keys', row.id)}>{titleOf(services, row.service)}</a></h3>
          <StateBadge state={row.state} />
        </div>
        <p className="key-label">
          <span>{row.label}</span>
          {row.last_characters !== '' && <span className="mono">…{row.last_characters}</span>}
          {row.home === 'integration' && <span>owned by <strong>{row.owner}</strong></span>}
          {withTenant && <span>{row.tenant}</span>}
        </p>
        <p className="key-delivery"><Icon name={row.delivery === 'proxied' ? 'promises' : 'sessions'} className="small" />{delivery[row.delivery].short}</p>
        {advice !== '' && <p className="advice">{advice}</p>}
        <div className="key-foot">
          <span>Last used <Time at={row.last_used} /></span>
          {row.expires !== null && row.state !== 'revoked' && <span>Expires <Time at={row.expires} /></span>}
          {row.state !== 'revoked' && <Holding sessions={sessions} />}
        </div>
      </div>
      {row.state !== 'revoked' && may.revoke(row) && <Button kind="danger" className="key-action" aria-label={`Revoke ${name}`} onClick={() => onRevoke(row)}>Revoke</Button>}
    </article>
  );
}

function matches(key: Key, words: string[], services: readonly Service[] | undefined): boolean {
  const text = `${titleOf(services, key.service)} ${key.service} ${key.label} ${key.owner} ${key.tenant} ${key.last_characters}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

export function Keys() {
  const { tenant, tenants } = useScope();
  const may = useMay();
  const mayConnect = may.has('administer') || may.has('keep_integrations');
  const keys = useKeys(tenant);
  const { data: services } = useServices();
  const { data: sessions } = useSessions(tenant, 'open');
  const [search, setSearch] = useState('');
  const [state, setState] = useState('in-use');
  const [revoking, setRevoking] = useState<Key | null>(null);
  const words = useDeferredValue(search).toLowerCase();
  const held = useMemo(() => sessionsByKey(sessions), [sessions]);
  const shown = useMemo(() => {
    const wanted = words.split(/\s+/).filter((word) => word !== '');
    return (keys.data ?? []).filter((key) =>
      (state === '' || (state === 'in-use' ? key.state !== 'revoked' : key.state === state)) && matches(key, wanted, services));
  }, [keys.data, words, state, services]);

  const column = (kind: 'skill' | 'integration') => {
    const rows = shown.filter((key) => key.home === kind);
    const all = (keys.data ?? []).filter((key) => key.home === kind);
    return (
      <section className={`column ${kind}`} aria-labelledby={`${kind}-title`}>
        <div className="column-head">
          <h2 id={`${kind}-title`}>{home[kind].plural} <span className="count">{rows.length}</span></h2>
          <p>{home[kind].about}</p>
        </div>
        {rows.length > 0
          ? <CardList label={home[kind].plural} rows={rows} keyOf={(key) => key.id} height={168}>
              {(key) => <KeyCard row={key} services={services} sessions={held.get(key.id) ?? []} onRevoke={setRevoking} withTenant={tenant === '' && tenants.length > 1} />}
            </CardList>
          : all.length > 0
            ? <p className="none">None of {plural(all.length, 'key')} is like that.</p>
            : kind === 'skill'
              ? <p className="none">No skill secrets yet. Model and media keys (Gemini, ElevenLabs, OpenAI …) usually live here: every agent of the tenant works with them, none ever holds them.</p>
              : <p className="none">No integrations yet. A member’s own logins (a git token, an SSH key) live here: they serve that member’s sessions and nobody else’s.</p>}
      </section>
    );
  };

  return (
    <Page title="Keys" lead="Everything your agents may work with. No value is ever shown again, to anyone."
      actions={mayConnect && <ButtonLink kind="primary" href={href('connect')}><Icon name="connect" />Connect a key</ButtonLink>}>
      <Problem error={keys.error} />
      {keys.isPending && !keys.error && <Loading what="keys" />}
      {keys.data?.length === 0 && (
        <Empty icon="keys" title="No keys yet" action={mayConnect && <ButtonLink kind="primary" href={href('connect')}>Connect the first key</ButtonLink>}>
          <p>Paste a key once. It is encrypted before it is stored, agents get to work with it, and you can switch it off here at any moment.</p>
        </Empty>
      )}
      {(keys.data?.length ?? 0) > 0 && (
        <>
          <div className="filters">
            <SearchField label="Search keys" placeholder="Service, label or owner" value={search} onChange={setSearch} />
            <SelectField label="State" value={state} onChange={(event) => setState(event.target.value)}>
              <option value="in-use">In use</option>
              <option value="active">Active</option>
              <option value="expiring">Expiring soon</option>
              <option value="expired">Expired</option>
              <option value="rejected_by_provider">Rejected by the provider</option>
              <option value="needs_login">Needs a login</option>
              <option value="revoked">Revoked</option>
              <option value="">All</option>
            </SelectField>
          </div>
          <p className="unseen" role="status">{plural(shown.length, 'key')} shown</p>
          <div className="columns">{column('skill')}{column('integration')}</div>
        </>
      )}
      <Revoke subject={revoking} onClose={() => setRevoking(null)} />
    </Page>
  );
}
