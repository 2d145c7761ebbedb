// A tenant's identity providers, and one's own accounts there. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type FormEvent } from 'react';
import { api, result, type Identity, type IdentityProvider, type NewIdentityProvider, type Provisioning } from '../api/client';
import { useMay } from '../access';
import { refresh, useIdentities, useIdentityProviders } from '../api/queries';
import { linkAccount } from '../provider';
import { useScope } from '../scope';
import { Question } from '../ui/dialogs';
import { SecretField, SelectField, TextArea, TextField, takeSecret } from '../ui/fields';
import { Button, Card, Command, Notice, Problem, Time } from '../ui/pieces';
import { useConfirmation } from './confirmation';

const changed = () => refresh('identity-providers', 'identities', 'record');
const textOf = (form: FormData, name: string) => String(form.get(name) ?? '').trim();

/** "GROUP=ROLE" a line; the last `=` divides. */
function rolesOf(text: string): NonNullable<NewIdentityProvider['roles']> {
  const pairs = text.split('\n').map((line) => line.trim()).filter((line) => line !== '').map((line) => {
    const at = line.lastIndexOf('=');
    return [line.slice(0, Math.max(at, 0)).trim(), line.slice(at + 1).trim()];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function AddProvider({ tenant }: { tenant: string }) {
  const secret = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const value = takeSecret(secret.current).trim();
    const other = textOf(data, 'other');
    const domains = textOf(data, 'domains').split(/[\s,]+/).filter((each) => each !== '');
    setBusy(true);
    setProblem(null);
    const body: NewIdentityProvider = {
      tenant, name: textOf(data, 'name'), issuer: textOf(data, 'issuer'), client_id: textOf(data, 'client'), roles: rolesOf(textOf(data, 'roles')), domains,
      ...(value === '' ? {} : { value }), ...(other === '' ? {} : { other_role: other as NonNullable<NewIdentityProvider['other_role']> }),
    };
    result(api.POST('/api/v1/identity-providers', { body })).then(() => form.reset()).catch(setProblem).finally(() => { setBusy(false); changed(); });
  };
  return (
    <form onSubmit={submit} autoComplete="off">
      <div className="two">
        <TextField label="Name of the provider" name="name" required maxLength={64} autoCapitalize="none" placeholder="okta" />
        <TextField label="Client id" name="client" required maxLength={256} />
      </div>
      <TextField label="Issuer" name="issuer" type="url" required maxLength={512} placeholder="https://acme.okta.example" hint="Its endpoints are asked for when the provider is added." />
      <SecretField label="Client secret" field={secret} hint="Goes in only. Empty: the client has none." />
      <TextArea label="Roles of groups" name="roles" placeholder={'engineering=member\nsecurity=admin'} hint="GROUP=ROLE a line: owner, admin, member, auditor." />
      <div className="two">
        <SelectField label="Everybody else" name="other"><option value="">is not let in</option><option value="member">is a member</option><option value="auditor">is an auditor</option></SelectField>
        <TextField label="Email domains" name="domains" placeholder="acme.example" hint="Empty: any." />
      </div>
      <Problem error={problem} />
      <Button type="submit" busy={busy}>Add the provider</Button>
    </form>
  );
}

/** What its SCIM client is given, the one time; and the end of it. */
function ProvisioningOf({ provider, onBegun, onProblem }: { provider: IdentityProvider; onBegun: (given: Provisioning) => void; onProblem: (problem: unknown) => void }) {
  const [busy, setBusy] = useState(false);
  const where = { params: { path: { name: provider.name }, query: { tenant: provider.tenant } } };
  const done = () => { setBusy(false); changed(); };
  const begin = () => { setBusy(true); onProblem(null); result(api.POST('/api/v1/identity-providers/{name}/provisioning', { ...where, body: {} })).then(onBegun).catch(onProblem).finally(done); };
  const end = () => { setBusy(true); onProblem(null); result(api.DELETE('/api/v1/identity-providers/{name}/provisioning', where)).catch(onProblem).finally(done); };
  return (
    <>
      <Button busy={busy} aria-label={`${provider.provisions ? 'New SCIM token' : 'Provision by SCIM'}: ${provider.name}`} onClick={begin}>{provider.provisions ? 'New SCIM token' : 'Provision by SCIM'}</Button>
      {provider.provisions && <Button busy={busy} aria-label={`Stop provisioning: ${provider.name}`} onClick={end}>Stop provisioning</Button>}
    </>
  );
}

export function IdentityProviders() {
  const { tenant, tenants } = useScope();
  const chosen = tenant !== '' ? tenant : (tenants[0]?.name ?? '');
  const { data, error } = useIdentityProviders(chosen);
  const [removing, setRemoving] = useState<IdentityProvider | null>(null);
  const [given, setGiven] = useState<Provisioning | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  if (chosen === '') return null;
  const remove = (row: IdentityProvider) => {
    result(api.DELETE('/api/v1/identity-providers/{name}', { params: { path: { name: row.name }, query: { tenant: row.tenant } } })).then(() => setRemoving(null)).catch(setProblem).finally(changed);
  };
  return (
    <Card title="Sign-in through your identity provider">
      <p>People of {chosen} come in by their account at your organisation’s provider (OpenID Connect). What they may do follows from their groups there.</p>
      <Problem error={error} />
      <ul className="plain-list">
        {data?.map((each) => (
          <li key={each.id} className="line tall">
            <span><strong>{each.name}</strong> {each.issuer}<small>redirect address: <span className="mono wrap">{each.redirect_uri}</span></small><small>link: <span className="mono wrap">#/sign-in/{each.tenant}/{each.name}</span></small>{!each.ready && <small>its issuer has not described itself yet: add it again</small>}{each.provisions && <small>people and groups are kept up to date by it (SCIM)</small>}</span>
            <div className="actions">
              <ProvisioningOf provider={each} onBegun={setGiven} onProblem={setRefusal} />
              <Button kind="danger" aria-label={`Remove the provider ${each.name}`} onClick={() => { setProblem(null); setRemoving(each); }}>Remove</Button>
            </div>
          </li>
        ))}
      </ul>
      <Problem error={refusal} />
      {data?.length === 0 && <Notice tone="plain">There is none yet.</Notice>}
      <AddProvider tenant={chosen} />
      <Question open={given !== null} onClose={() => setGiven(null)} title="For the provider’s SCIM client" text="This is the only time that the token is shown; a token before it is good for nothing any more." actions={<Button kind="primary" onClick={() => setGiven(null)}>It is kept</Button>}>
        {given && <><p>Address: <span className="mono wrap">{given.url}</span></p><Command label="the token">{given.token}</Command></>}
      </Question>
      <Question open={removing !== null} onClose={() => setRemoving(null)} title="Remove this provider?" text="Nobody signs in through it any more, and nobody is known by it. Members stay."
        actions={<><Button onClick={() => setRemoving(null)}>Keep it</Button><Button kind="danger" onClick={() => { if (removing) remove(removing); }}>Remove</Button></>}>
        <Problem error={problem} />
      </Question>
    </Card>
  );
}

/** One's own: each lets its owner in. */
export function Accounts() {
  const { who } = useMay();
  const { data, error } = useIdentities();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [confirmed, confirmation] = useConfirmation();
  const own = data?.filter((each) => each.member === who.member) ?? [];
  const link = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const provider = textOf(new FormData(event.currentTarget), 'provider');
    confirmed(() => linkAccount(provider)).catch((wrong: unknown) => { setProblem(wrong); setBusy(false); });
  };
  const remove = (row: Identity) => {
    setProblem(null);
    result(api.DELETE('/api/v1/identities/{id}', { params: { path: { id: row.id } } })).catch(setProblem).finally(changed);
  };
  return (
    <Card title="Accounts at identity providers">
      <p>An account at your tenant’s identity provider signs you in, too.</p>
      {own.length > 0 && (
        <ul className="plain-list">
          {own.map((each) => (
            <li key={each.id} className="line">
              <span><strong>{each.provider}</strong> {each.subject}<small>since <Time at={each.created} />; last used <Time at={each.last_used} /></small></span>
              <Button kind="danger" aria-label={`Remove the account at ${each.provider}`} onClick={() => remove(each)}>Remove</Button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={link}>
        <TextField label="Link your account at" name="provider" required maxLength={64} autoCapitalize="none" placeholder="okta" hint="As an owner of your tenant has named it." />
        <Problem error={problem ?? error} />
        <Button type="submit" busy={busy}>Go there</Button>
      </form>
      {confirmation}
    </Card>
  );
}
