// Connecting a key: which service, whose, where it will live and how it will travel, and only then its value. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result, type Check, type Key, type NewKey, type Service, type Setting } from '../api/client';
import { refresh, useInstallation, useLoginClients, useMembers, useServices } from '../api/queries';
import { logIn } from '../login';
import { go, href } from '../route';
import { useScope } from '../scope';
import { Choice, SearchField, SecretField, SelectField, TextField, takeSecret } from '../ui/fields';
import { Icon, ServiceMark } from '../ui/mark';
import { BackLink, Button, ButtonLink, Card, Command, Empty, Loading, Notice, OutsideLink, Page, Problem } from '../ui/pieces';
import { delivery, keyName, plural } from '../words';
import { CheckResult } from './check';
import { AddMember, AddTenant } from './people_forms';

function Pick({ services }: { services: readonly Service[] }) {
  const [search, setSearch] = useState('');
  const wanted = search.toLowerCase();
  const shown = services.filter((service) => `${service.title} ${service.id} ${service.hosts.join(' ')}`.toLowerCase().includes(wanted));
  const group = (kind: 'proxied' | 'injected') => {
    const rows = shown.filter((service) => service.delivery === kind);
    if (rows.length === 0) return null;
    return (
      <section aria-labelledby={`pick-${kind}`}>
        <h2 id={`pick-${kind}`}>{delivery[kind].short}</h2>
        <ul className="tiles">
          {rows.map((service) => (
            <li key={service.id}><a className="tile" href={href('connect', service.id)}><ServiceMark service={service.id} /><span>{service.title}</span></a></li>
          ))}
        </ul>
      </section>
    );
  };
  return (
    <Page title="Connect a key" lead="Which service is it for? That decides how it is delivered; nobody can choose a weaker way.">
      <div className="filters"><SearchField label="Search services" value={search} onChange={setSearch} /></div>
      {group('proxied')}
      {group('injected')}
      {shown.length === 0 && <Empty icon="services" title="No service is called that"><p>For any HTTP API there is <a href={href('connect', 'generic-http')}>Any HTTP API</a>; for a tool that reads a variable, <a href={href('connect', 'generic-env')}>Any variable</a>.</p></Empty>}
    </Page>
  );
}

function Story({ service, isOwn, member, tenant }: { service: Service; isOwn: boolean; member: string; tenant: string }) {
  const isProxied = service.delivery === 'proxied';
  return (
    <aside className="story" aria-label="What will happen to it">
      <h2>What will happen to it</h2>
      <ol>
        <li><Icon name="keys" /><div><strong>It is encrypted before it is stored</strong><p>AES-256-GCM, with a key of its own for this version. Nobody is shown it again: not you, not the operator.</p></div></li>
        <li><Icon name={isOwn ? 'members' : 'services'} /><div>
          <strong>{isOwn ? `It is ${member === '' ? 'one member' : member}’s alone` : `It belongs to ${tenant === '' ? 'the tenant' : tenant}`}</strong>
          <p>{isOwn ? 'It serves only sessions on that member’s behalf. Not even an owner can use it or move it; an owner can only revoke it.' : 'It serves all of the tenant’s agents, in every session that is granted it.'}</p></div></li>
        <li><Icon name={isProxied ? 'promises' : 'sessions'} /><div><strong>{delivery[service.delivery].short}</strong><p>{delivery[service.delivery].long}</p>
          {isProxied && service.hosts.length > 0 && <p>It is sent to {service.hosts.join(', ')} alone.</p>}</div></li>
        <li><Icon name="out" /><div><strong>You can switch it off at any moment</strong><p>Revoke closes every connection that carries it before it answers, and hands you a signed receipt.{service.ends_at_source && ` The provider is told to end it, too, in every copy.`}</p></div></li>
      </ol>
    </aside>
  );
}

function Done({ stored, check, failure, service, onAgain }: { stored: Key; check: Check | null; failure: unknown; service: Service; onAgain: () => void }) {
  const { data: installation } = useInstallation();
  const member = stored.owner === '' ? 'MEMBER' : stored.owner;
  return (
    <Page title={check?.verdict === 'rejected' ? 'Stored, but refused by the provider' : 'Connected'} lead={keyName(stored, [service])}>
      {check ? <CheckResult check={check} service={service} /> : !failure && !service.can_check && <Notice tone="plain">There is no call that would check it without using it; it shows at its first use.</Notice>}
      <Problem error={failure} />
      <Card title="Work with it">
        <p>Start an agent with it. {service.delivery === 'proxied' ? 'The agent’s own SDK is led through the gateway; it never sees the key.' : 'Its tools find it where they look for it, as long as the session runs.'}</p>
        <Command label="command that starts a session">{`strongroom run --tenant ${stored.tenant} --member ${member} --service ${stored.service}${stored.label === 'default' ? '' : `:${stored.label}`} -- python3 agent.py`}</Command>
        {installation && service.delivery === 'proxied' && <p className="quiet-text">The gateway is at {installation.gateway}.</p>}
      </Card>
      <div className="buttons left">
        <ButtonLink kind="primary" href={href('keys', stored.id)}>{check?.verdict === 'rejected' ? 'Replace or revoke it' : 'See the key'}</ButtonLink>
        <Button onClick={onAgain}>Connect another</Button>
      </div>
    </Page>
  );
}

const secretNames: Record<string, string> = { ssh: 'The private key', postgres: 'The password', mysql: 'The password', git: 'The token', github: 'The token', gitlab: 'The token' };

function SettingField({ setting }: { setting: Setting }) {
  return <TextField label={setting.name.replaceAll('_', ' ')} name={`setting-${setting.name}`} required={setting.required} placeholder={setting.default} hint={setting.help.charAt(0).toUpperCase() + setting.help.slice(1)} />;
}

function Form({ service }: { service: Service }) {
  const scope = useScope();
  const [tenantWanted, setTenant] = useState(scope.tenant);
  const tenant = scope.tenants.some((each) => each.name === tenantWanted) ? tenantWanted : (scope.tenants[0]?.name ?? '');
  const may = useMay();
  const { data: everybody } = useMembers(tenant);
  const members = everybody?.filter((each) => may.has('operate') || each.name === may.who.member);
  const homes = service.homes.filter((each) => (each === 'skill' ? may.has('administer') : may.has('keep_integrations') && (may.has('operate') || may.who.member !== null)));
  const [homeWanted, setHome] = useState(homes[0] ?? 'skill');
  const [memberWanted, setMember] = useState('');
  const member = members?.some((each) => each.name === memberWanted) ? memberWanted : (members?.[0]?.name ?? '');
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [phase, setPhase] = useState<'filling' | 'storing' | 'checking' | 'leaving'>('filling');
  const [problem, setProblem] = useState<unknown>(null);
  const [done, setDone] = useState<{ stored: Key; check: Check | null; failure: unknown } | null>(null);
  const isOwn = homeWanted === 'integration';
  const { data: clients } = useLoginClients();
  const logins = isOwn && member !== '' ? (clients ?? []).filter((each) => each.service === service.id && each.ready) : [];
  const form = useRef<HTMLFormElement>(null);
  // What must be said, and the rest where there is much of it.
  const isLong = service.settings.length > 4;
  const first = service.settings.filter((setting) => setting.required || !isLong);
  const rest = service.settings.filter((setting) => !setting.required && isLong);

  const said = () => {
    const fields = new FormData(form.current ?? undefined);
    const settings: Record<string, string> = {};
    for (const setting of service.settings) {
      const given = String(fields.get(`setting-${setting.name}`) ?? '').trim();
      if (given !== '') settings[setting.name] = given;
    }
    const label = String(fields.get('label') ?? '').trim();
    return { settings, ...(label === '' ? {} : { label }) };
  };

  const leave = async (client: string) => {
    setPhase('leaving');
    setProblem(null);
    try {
      await logIn({ client, tenant, member, ...said() });
    } catch (error) {
      setProblem(error);
      setPhase('filling');
    }
  };

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setPhase('storing');
    setProblem(null);
    try {
      const body: NewKey = { tenant, service: service.id, value: takeSecret(field.current), ...said(), ...(isOwn ? { member } : {}) };
      const call = api.POST('/api/v1/keys', { body });
      body.value = '';
      const stored = await result(call);
      let check: Check | null = null;
      let failure: unknown = null;
      if (service.can_check) {
        setPhase('checking');
        try {
          check = await result(api.POST('/api/v1/keys/{id}/check', { params: { path: { id: stored.id } }, body: {} }));
        } catch (error) {
          failure = error;
        }
      }
      refresh('keys', 'record');
      setDone({ stored, check, failure });
      window.scrollTo(0, 0);
    } catch (error) {
      setProblem(error);
      field.current?.focus();
    }
    setPhase('filling');
  };

  if (done) return <Done {...done} service={service} onAgain={() => go('connect')} />;
  const back = <BackLink href={href('connect')}>All services</BackLink>;
  const title = `Connect ${service.title}`;
  if (homes.length === 0)
    return <Page title={title} back={back}><Notice tone="plain">Your role does not connect keys of this service. Ask an owner or admin of {tenant}.</Notice></Page>;
  if (scope.tenants.length === 0)
    return <Page title={title} back={back}><Card title="First, a tenant"><p>A key belongs to an organisation or to one of its members. Name yours.</p><AddTenant /></Card></Page>;
  return (
    <Page title={title} back={back} lead={service.console_url !== '' && <>You find or make the key at <OutsideLink href={service.console_url}>{service.title}’s own console</OutsideLink>.</>}>
      <div className="with-story">
        <div>
          <form className="card" ref={form} onSubmit={(event) => void submit(event)} autoComplete="off">
            {scope.tenants.length > 1 && <SelectField label="Tenant" value={tenant} onChange={(event) => setTenant(event.target.value)}>{scope.tenants.map((each) => <option key={each.name}>{each.name}</option>)}</SelectField>}
            <fieldset>
              <legend>Whose is it?</legend>
              {homes.includes('skill') && <Choice name="home" value="skill" chosen={homeWanted} onChoose={setHome} title={`${tenant}’s: a skill secret`}>Serves all of the tenant’s agents.</Choice>}
              {homes.includes('integration') && <Choice name="home" value="integration" chosen={homeWanted} onChoose={setHome} title="One member’s: an integration">Serves only sessions on that member’s behalf.</Choice>}
            </fieldset>
            {isOwn && (members ?? []).length > 0 && <SelectField label="Member" value={member} onChange={(event) => setMember(event.target.value)}>{members?.map((each) => <option key={each.id}>{each.name}</option>)}</SelectField>}
            <TextField label="Label" name="label" placeholder="default" maxLength={64} hint="Only where there are several for this service." />
            {first.map((setting) => <SettingField key={setting.name} setting={setting} />)}
            {rest.length > 0 && <details><summary>{plural(rest.length, 'more setting')}</summary><div className="more">{rest.map((setting) => <SettingField key={setting.name} setting={setting} />)}</div></details>}
            {logins.map((each) => <Button key={each.name} kind="primary" busy={phase === 'leaving'} disabled={phase !== 'filling'} onClick={() => void leave(each.name)}>{each.name === service.id ? `Log in at ${service.title}` : `Log in by ${each.name}`}</Button>)}
            {logins.length > 0 && <p className="hint">You come back here; what the provider gives renews itself. Or paste a key:</p>}
            <SecretField label={secretNames[service.id] ?? 'The key'} field={field} required multiline={service.id === 'ssh'} hint="Paste it. It leaves this page once, to be stored, and never comes back." />
            <Problem error={problem} />
            <Button type="submit" kind={logins.length > 0 ? 'plain' : 'primary'} busy={phase === 'storing' || phase === 'checking'} disabled={phase === 'leaving' || (isOwn && member === '')}>{phase === 'storing' ? 'Encrypting…' : phase === 'checking' ? `Asking ${service.title}…` : 'Connect'}</Button>
          </form>
          {isOwn && members?.length === 0 && <Card title="First, a member"><p>An integration belongs to a person. Add one to {tenant}.</p><AddMember tenant={tenant} /></Card>}
        </div>
        <Story service={service} isOwn={isOwn} member={member} tenant={tenant} />
      </div>
    </Page>
  );
}

export function Connect({ service: id }: { service: string }) {
  const { data: services, error } = useServices();
  if (!services) return <Page title="Connect a key">{error ? <Problem error={error} /> : <Loading what="the catalogue" />}</Page>;
  const service = services.find((each) => each.id === id);
  return service ? <Form service={service} key={id} /> : <Pick services={services} />;
}
