// What wants somebody: keys that do not work any more, or soon will not, and what to do about each. A notice goes when its cause does.
// SPDX-License-Identifier: Apache-2.0
import { useMemo } from 'react';
import { useMay } from '../access';
import type { Key, Service, Session } from '../api/client';
import { useKeys, useServices, useSessions } from '../api/queries';
import { noticesIn, revokedLately } from '../notices';
import { href } from '../route';
import { useScope } from '../scope';
import { CardList } from '../ui/lists';
import { ServiceMark } from '../ui/mark';
import { ButtonLink, Card, Empty, Loading, OutsideLink, Page, Problem, StateBadge, Time } from '../ui/pieces';
import { keyName, keyState, plural } from '../words';
import { sessionsByKey } from './keys';

/** Who mends it, and where that is done. */
function Remedy({ row, service }: { row: Key; service: Service | undefined }) {
  const may = useMay();
  if (!may.keep(row)) return <p className="quiet-text">{row.home === 'integration' ? `Only ${row.owner} can mend it: an integration is its member’s alone.` : 'Owners and admins of the tenant can mend it.'}</p>;
  if (row.state === 'needs_login') return <ButtonLink href={href('keys', row.id)} aria-label={`Log in again: ${keyName(row, service ? [service] : [])}`}>Log in again</ButtonLink>;
  if (row.is_login) return <p className="quiet-text">It is a login and renews itself: the provider is asked for a new token now.</p>;
  return (
    <>
      <ButtonLink href={href('keys', row.id)} aria-label={`Replace the value: ${keyName(row, service ? [service] : [])}`}>Replace the value</ButtonLink>
      {service && service.console_url !== '' && <OutsideLink href={service.console_url}>Make a new one at {service.title}</OutsideLink>}
    </>
  );
}

function Touched({ sessions }: { sessions: readonly Session[] }) {
  if (sessions.length === 0) return null;
  const members = [...new Set(sessions.map((session) => session.member))].slice(0, 3).join(', ');
  return <p className="advice">{plural(sessions.length, 'running session')} ({members}) {sessions.length === 1 ? 'was' : 'were'} granted it.</p>;
}

function KeyNotice({ row, services, sessions, withTenant }: { row: Key; services: readonly Service[] | undefined; sessions: readonly Session[]; withTenant: boolean }) {
  const name = keyName(row, services);
  return (
    <article className={`key ${row.state}`} aria-label={name}>
      <ServiceMark service={row.service} />
      <div className="key-body">
        <div className="key-top"><h2><a href={href('keys', row.id)}>{name}</a></h2><StateBadge state={row.state} /></div>
        <p className="key-label">
          <span>{row.home === 'integration' ? <>owned by <strong>{row.owner}</strong></> : 'a skill secret'}{withTenant && `, tenant ${row.tenant}`}</span>
          <span>{row.state === 'expiring' || row.state === 'expired' ? <>its time {row.state === 'expired' ? 'was' : 'is'} over <Time at={row.expires} /></> : <>noticed <Time at={row.changed} /></>}</span>
        </p>
        <p>{keyState(row.state).advice}</p>
        <Touched sessions={sessions} />
        <div className="remedy"><Remedy row={row} service={services?.find((each) => each.id === row.service)} /></div>
      </div>
    </article>
  );
}

export function Notices() {
  const { tenant, tenants } = useScope();
  const keys = useKeys(tenant);
  const { data: services } = useServices();
  const { data: sessions } = useSessions(tenant, 'open');
  const rows = useMemo(() => noticesIn(keys.data ?? []), [keys.data]);
  const revoked = useMemo(() => revokedLately(keys.data ?? []), [keys.data]);
  const held = useMemo(() => sessionsByKey(sessions), [sessions]);
  return (
    <Page title="Notices" lead="Keys that want somebody, as soon as it is known: from the provider’s answers, from checks now and then, from their own time. A notice goes when its cause does.">
      <Problem error={keys.error} />
      {keys.isPending && !keys.error && <Loading what="notices" />}
      {keys.data && rows.length === 0 && (
        <Empty icon="good" title="Nothing wants you">
          <p>{keys.data.length === 0 ? 'There are no keys yet. Once there are, what wants somebody is here.' : 'No provider refuses a key, no login has ended, and no key’s time is over within two weeks. Programs hear of the same by webhooks: docs/health.md says how.'}</p>
        </Empty>
      )}
      {rows.length > 0 && (
        <div className="notices">
          <CardList label="Notices" rows={rows} keyOf={(key) => key.id} height={190}>
            {(key) => <KeyNotice row={key} services={services} sessions={held.get(key.id) ?? []} withTenant={tenant === '' && tenants.length > 1} />}
          </CardList>
        </div>
      )}
      {revoked.length > 0 && (
        <Card title="Revoked within a day">
          <ul className="plain-list">
            {revoked.slice(0, 20).map((key) => <li key={key.id}><a href={href('keys', key.id)}>{keyName(key, services)}</a><small>{key.home === 'integration' && `of ${key.owner}, `}<Time at={key.changed} /></small></li>)}
          </ul>
        </Card>
      )}
    </Page>
  );
}
