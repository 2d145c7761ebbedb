// One key: what is known of it, who holds it, and what can be done. SPDX-License-Identifier: Apache-2.0
import { useQueries } from '@tanstack/react-query';
import { useRef, useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result, type Check, type Key } from '../api/client';
import { refresh, useKey, useLoginClients, useRecord, useServices, useSessions } from '../api/queries';
import { logIn } from '../login';
import { go, href } from '../route';
import { SecretField, takeSecret } from '../ui/fields';
import { ServiceMark } from '../ui/mark';
import { BackLink, Button, ButtonLink, Card, Fact, Facts, Loading, Notice, OutsideLink, Page, Problem, StateBadge, Time } from '../ui/pieces';
import { delivery, holderName, home, keyName, keyState } from '../words';
import { CheckResult } from './check';
import { sessionsByKey } from './keys';
import { EntryList } from './record';
import { Revoke } from './revoke';

/** Some are named by a setting of the key. */
const variablesOf = (names: readonly string[], key: Key): string[] =>
  names.map((name) => name.replace(/^\{setting:([a-z0-9_]+)\}$/, (_, setting: string) => key.settings[setting] ?? '')).filter((name) => name !== '');

function Holders({ subject }: { subject: Key }) {
  const { data } = useSessions(subject.tenant, 'open');
  const sessions = sessionsByKey(data).get(subject.id) ?? [];
  const shown = useQueries({
    queries: sessions.slice(0, 50).map((session) => ({
      queryKey: ['sessions', 'one', session.id],
      queryFn: () => result(api.GET('/api/v1/sessions/{id}', { params: { path: { id: session.id } } })),
    })),
  });
  if (sessions.length === 0) return <p className="quiet-text">Nobody. No session that is running was granted it.</p>;
  return (
    <ul className="plain-list">
      {sessions.map((session, at) => {
        const holders = (shown[at]?.data?.holders ?? []).filter((holder) => holder.keys.includes(subject.id));
        return (
          <li key={session.id}>
            <a href={href('sessions', session.id)}>Session of {session.member}</a>, started <Time at={session.started} />
            <small>{holders.length === 0 ? 'granted; nobody has a lease of it at this moment' : holders.map((holder) => holderName(holder.role, holder.name)).join(', ')}</small>
          </li>
        );
      })}
    </ul>
  );
}

function Replace({ subject, multiline, onCheck }: { subject: Key; multiline: boolean; onCheck: () => Promise<void> }) {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [done, setDone] = useState(0);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setDone(0);
    try {
      const call = api.POST('/api/v1/keys/{id}/rotate', { params: { path: { id: subject.id } }, body: { value: takeSecret(field.current) } });
      const next = await result(call);
      setDone(next.version);
      refresh('keys', 'record');
      await onCheck();
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)} autoComplete="off">
      <Problem error={problem} />
      <SecretField label="New value" field={field} required multiline={multiline} hint="Takes effect at once and without a gap: running sessions go on with it. The old version is destroyed here." />
      <Button type="submit" busy={busy}>Replace the value</Button>
      {done > 0 && <Notice tone="good">Version {done} is in use.</Notice>}
    </form>
  );
}

function LogInAgain({ subject }: { subject: Key }) {
  const { data: clients } = useLoginClients();
  const [problem, setProblem] = useState<unknown>(null);
  const able = (clients ?? []).filter((each) => each.service === subject.service && each.ready);
  return (
    <>
      <p>The provider has ended the login. Log in once more: the key, and what was granted it, stay.</p>
      <Problem error={problem} />
      {able.map((each) => <Button key={each.name} kind="primary" onClick={() => void logIn({ client: each.name, key: subject.id }).catch(setProblem)}>Log in by {each.name}</Button>)}
    </>
  );
}

export function KeyPage({ id }: { id: string }) {
  const { data: key, error } = useKey(id);
  const { data: services } = useServices();
  const may = useMay();
  const record = useRecord({ key: id }, 50);
  const [revoking, setRevoking] = useState(false);
  const [check, setCheck] = useState<Check | null>(null);
  const [checking, setChecking] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const back = <BackLink href={href('keys')}>Keys</BackLink>;
  if (!key) return <Page title="Key" back={back}>{error ? <Problem error={error} /> : <Loading what="the key" />}</Page>;
  const service = services?.find((each) => each.id === key.service);
  const ask = async () => {
    setChecking(true);
    setProblem(null);
    try {
      setCheck(await result(api.POST('/api/v1/keys/{id}/check', { params: { path: { id } }, body: {} })));
      refresh('keys', 'record');
    } catch (failure) {
      setProblem(failure);
    }
    setChecking(false);
  };
  const switchChecks = async () => {
    setProblem(null);
    try {
      await result(api.POST('/api/v1/keys/{id}/checks', { params: { path: { id } }, body: { scheduled: !key.scheduled_checks } }));
      refresh('keys', 'record');
    } catch (failure) {
      setProblem(failure);
    }
  };
  const isRevoked = key.state === 'revoked';
  const { advice } = keyState(key.state);
  const settings = Object.entries(key.settings);
  return (
    <Page title={keyName(key, services)} back={back}
      lead={<span className="title-line"><ServiceMark service={key.service} /> <StateBadge state={key.state} /> <span>{home[key.home].name}{key.home === 'integration' && <> of <strong>{key.owner}</strong></>}, tenant {key.tenant}</span></span>}
      actions={!isRevoked && <>
        {service?.can_check && may.keep(key) && <Button busy={checking} onClick={() => void ask()}>Check with the provider</Button>}
        {may.revoke(key) && <Button kind="danger" onClick={() => setRevoking(true)}>Revoke</Button>}
      </>}>
      {advice !== '' && <Notice tone="warn">{advice}</Notice>}
      <Problem error={problem} />
      {check && <CheckResult check={check} service={service} />}
      <div className="grid">
        <Card title="How it travels">
          <p><strong>{delivery[key.delivery].short}.</strong> {delivery[key.delivery].long}</p>
          {service && service.hosts.length > 0 && key.delivery === 'proxied' && <p>It is sent to {service.hosts.join(', ')} alone.</p>}
          {service && service.variables.length > 0 && <p>A workroom sees {variablesOf(service.variables, key).map((name, at) => <span key={name}>{at > 0 && ', '}<code>{name}</code></span>)}{key.delivery === 'proxied' && ' (with a pass, not with the key)'}.</p>}
        </Card>
        {!isRevoked && <Card title="Who holds it right now"><Holders subject={key} /></Card>}
        <Card title="Facts">
          <Facts>
            <Fact name="Version">{key.version}</Fact>
            <Fact name="Connected"><Time at={key.created} /></Fact>
            <Fact name="Last change"><Time at={key.changed} /></Fact>
            <Fact name="Last used"><Time at={key.last_used} /></Fact>
            {service?.can_check && !isRevoked && <Fact name="Asked about now and then">{key.scheduled_checks ? 'Yes' : 'No'}{may.keep(key) && <> <Button kind="quiet" onClick={() => void switchChecks()}>{key.scheduled_checks ? 'Stop asking' : 'Ask again'}</Button></>}</Fact>}
            {key.expires !== null && <Fact name="Expires"><Time at={key.expires} /></Fact>}
            {key.last_characters !== '' && <Fact name="Ends in"><span className="mono">{key.last_characters}</span></Fact>}
            {settings.map(([name, value]) => <Fact key={name} name={name.replaceAll('_', ' ')}><span className="mono wrap">{value}</span></Fact>)}
            <Fact name="Id"><span className="mono">{key.id}</span></Fact>
          </Facts>
          {service && service.console_url !== '' && <p><OutsideLink href={service.console_url}>Manage it at {service.title}</OutsideLink></p>}
        </Card>
        {!isRevoked && !may.keep(key) && <Card title="Its value"><p>{key.home === 'integration' ? `Only ${key.owner} can replace it: an integration is its member’s alone.` : 'Owners and admins of the tenant can replace it.'}</p></Card>}
        {key.state === 'needs_login' && may.keep(key) && <Card title="Log in again"><LogInAgain subject={key} /></Card>}
        {!isRevoked && !key.is_login && may.keep(key) && <Card title="Replace the value"><Replace subject={key} multiline={key.service === 'ssh'} onCheck={async () => { if (service?.can_check) await ask(); }} /></Card>}
        {isRevoked && <Card title="Connect it again"><p>A revoked key stays revoked. Make a new one at the provider, and connect that.</p><ButtonLink href={href('connect', key.service)}>Connect a new one</ButtonLink></Card>}
      </div>
      <Card title="What happened with it" actions={<Button kind="quiet" onClick={() => go('activity', key.id)}>All of it</Button>}>
        <EntryList entries={(record.data?.pages[0] ?? []).slice(0, 12)} />
      </Card>
      <Revoke subject={revoking ? key : null} onClose={() => setRevoking(false)} />
    </Page>
  );
}
