// Policies and limits, seals, and what this installation is. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { currentCredential } from '../api/credential';
import { api, result, type AddedSeal, type NewSeal, type Policy, type PolicyChange, type Seal } from '../api/client';
import { refresh, useInstallation, usePolicies, useSeals, useServices } from '../api/queries';
import { useScope } from '../scope';
import { Question } from '../ui/dialogs';
import { SecretField, SelectField, TextArea, TextField, takeSecret } from '../ui/fields';
import { Accounts, IdentityProviders } from './identity_providers';
import { Passkeys } from './passkeys';
import { Rotation } from './rotation';
import { NewShares } from './shares';
import { Password } from './password';
import { SecondFactor } from './second_factor';
import { SignIns } from './sign_ins';
import { Tokens } from './tokens';
import { Button, Card, Command, Fact, Facts, Notice, Page, Problem, Time } from '../ui/pieces';
import { number, octets } from '../words';

const linesOf = (text: FormDataEntryValue | null) => String(text ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '');
const countOf = (text: FormDataEntryValue | null) => Math.max(0, Math.trunc(Number(text ?? 0)) || 0);

function PolicyForm({ tenant, service, policy }: { tenant: string; service: string; policy: Policy | undefined }) {
  const may = useMay();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [saved, setSaved] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const unit = String(form.get('unit') ?? '').trim();
    const body: PolicyChange = {
      tenant, ...(service === '' ? { tunnels: linesOf(form.get('tunnels')) } : { service, allow: linesOf(form.get('allow')), deny: linesOf(form.get('deny')) }),
      on_echo: form.get('echo') as 'mask' | 'cut', on_misplaced: form.get('misplaced') as 'refuse' | 'mask',
      requests_per_minute: countOf(form.get('rate')), concurrent: countOf(form.get('concurrent')), bytes_per_day: countOf(form.get('bytes')) * 1024 * 1024,
      ...(unit === '' ? {} : { budget_unit: unit, budget_per_day: countOf(form.get('budget')) }),
    };
    setBusy(true);
    setSaved(false);
    setProblem(null);
    result(api.POST('/api/v1/policies', { body })).then(() => setSaved(true)).catch(setProblem).finally(() => { setBusy(false); refresh('policies', 'record'); });
  };
  const zero = (value: number | undefined) => (value ? String(value) : '');
  return (
    <form onSubmit={submit}>
      <div className="two">
        <TextField label="Requests a minute" name="rate" type="number" min={0} defaultValue={zero(policy?.requests_per_minute)} placeholder="no limit" />
        <TextField label="At once" name="concurrent" type="number" min={0} defaultValue={zero(policy?.concurrent)} placeholder="no limit" hint="Requests and streams" />
        <TextField label="MiB a day" name="bytes" type="number" min={0} defaultValue={zero(policy ? Math.round(policy.bytes_per_day / 1048576) : 0)} placeholder="no limit" hint={policy ? `${octets(policy.bytes_today)} today` : 'Both ways'} />
        {service !== '' && <TextField label="Budget a day" name="budget" type="number" min={0} defaultValue={zero(policy?.budget_per_day)} placeholder="no budget" hint={policy?.budget_unit ? `${number(policy.units_today)} ${policy.budget_unit} today` : 'Needs a unit'} />}
        {service !== '' && <TextField label="Unit of the budget" name="unit" defaultValue={policy?.budget_unit ?? ''} placeholder="tokens, characters …" hint="What the service’s answers state" />}
      </div>
      <div className="two">
        <SelectField label="When an answer holds the key" name="echo" defaultValue={policy?.on_echo ?? 'mask'}><option value="mask">Mask it</option><option value="cut">Cut the answer off</option></SelectField>
        <SelectField label="When a pass is misplaced in a request" name="misplaced" defaultValue={policy?.on_misplaced ?? 'refuse'}><option value="refuse">Refuse the request</option><option value="mask">Mask it</option></SelectField>
      </div>
      {service !== '' && <TextArea label="Allow only" name="allow" defaultValue={policy?.allow.join('\n') ?? ''} placeholder="GET,POST /v1/**" hint="A rule a line. Empty: all that is not denied." />}
      {service !== '' && <TextArea label="Deny" name="deny" defaultValue={policy?.deny.join('\n') ?? ''} placeholder="DELETE /**" hint="A rule a line. Denials win." />}
      {service === '' && <TextArea label="Hosts reached without any key" name="tunnels" defaultValue={policy?.tunnels.join('\n') ?? ''} placeholder="packages.example.com:443" hint="HOST:PORT a line, by plain tunnels of the tenant’s sessions." />}
      <Problem error={problem} />
      {saved && <Notice tone="good">It holds now, in every session that runs.</Notice>}
      {may.has('administer') ? <Button type="submit" busy={busy}>Set the policy</Button> : <p className="hint">Owners and admins set it.</p>}
    </form>
  );
}

function Policies() {
  const { tenant, tenants } = useScope();
  const chosen = tenant !== '' ? tenant : (tenants[0]?.name ?? '');
  const [service, setService] = useState('');
  const { data: services } = useServices();
  const { data: policies } = usePolicies(chosen);
  if (chosen === '') return null;
  const policy = policies?.find((each) => each.tenant === chosen && each.service === service && each.key === null);
  return (
    <Card title={`Policy of ${chosen}`}>
      <p>What keys may be used for, and how much. It holds from the moment it is set, in running sessions too.</p>
      <SelectField label="For" value={service} onChange={(event) => setService(event.target.value)}>
        <option value="">All keys of {chosen}</option>
        {services?.map((each) => <option key={each.id} value={each.id}>{each.title}{policies?.some((one) => one.service === each.id && one.key === null) ? ' (has a policy)' : ''}</option>)}
      </SelectField>
      {policies && <PolicyForm key={`${chosen} ${service} ${policy?.id ?? ''} ${policy?.changed ?? ''}`} tenant={chosen} service={service} policy={policy} />}
    </Card>
  );
}

function AddSeal({ onAdded }: { onAdded: (seal: AddedSeal) => void }) {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [kind, setKind] = useState<NewSeal['kind']>('passphrase');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setBusy(true);
    setProblem(null);
    const body: NewSeal = kind === 'passphrase' ? { kind, value: takeSecret(field.current) }
      : kind === 'shares' ? { kind, shares: countOf(data.get('shares')), threshold: countOf(data.get('threshold')) }
        : kind === 'external' ? { kind, name: String(data.get('name') ?? '') }
          : { kind, path: String(data.get('path') ?? '') };
    result(api.POST('/api/v1/seals', { body })).then((seal) => { form.reset(); onAdded(seal); }).catch(setProblem).finally(() => { setBusy(false); refresh('seals', 'record', 'installation'); });
  };
  return (
    <form onSubmit={submit} autoComplete="off">
      <SelectField label="Add a seal" value={kind} onChange={(event) => setKind(event.target.value as NewSeal['kind'])}>
        <option value="passphrase">A passphrase</option>
        <option value="shares">Shares for several people</option>
        <option value="file">A file</option>
        <option value="external">Held outside: an HSM, a key service</option>
      </SelectField>
      {kind === 'passphrase' && <SecretField label="Passphrase" field={field} required minLength={12} hint="At least 12 characters. Whoever knows it can open this installation." />}
      {kind === 'shares' && <div className="two"><TextField label="Shares" name="shares" type="number" min={2} max={255} defaultValue="5" /><TextField label="Of which open" name="threshold" type="number" min={2} max={255} defaultValue="3" /></div>}
      {kind === 'file' && <TextField label="Path on the server" name="path" required placeholder="/media/key/seal.key" hint="Absolute; the server makes the file." />}
      {kind === 'external' && <TextField label="Its name" name="name" required placeholder="hsm" hint="Of the [[external_seal]] in the server's strongroom.toml." />}
      <Problem error={problem} />
      <Button type="submit" busy={busy}>Add the seal</Button>
    </form>
  );
}

function Seals() {
  const { data: seals, error } = useSeals();
  const isOperator = useMay().has('operate');
  const [removing, setRemoving] = useState<Seal | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [shares, setShares] = useState<string[]>([]);
  const remove = (seal: Seal) => {
    result(api.DELETE('/api/v1/seals/{id}', { params: { path: { id: seal.id } } })).then(() => setRemoving(null)).catch(setProblem).finally(() => refresh('seals', 'record', 'installation'));
  };
  const words: Record<Seal['kind'], string> = {
    file: 'A file', passphrase: 'A passphrase', shares: 'Shares', pkcs11: 'An HSM or card', transit: 'OpenBao or Vault', 'aws-kms': 'AWS KMS', tpm2: 'The TPM', credential: 'A secret handed over',
  };
  return (
    <Card title="Seals">
      <p>What protects the root key. Any one of them opens this installation after a restart, so two kinds kept in two places are better than one.</p>
      <Problem error={error} />
      <ul className="plain-list">
        {seals?.map((seal) => <li key={seal.id} className="line"><span><strong>{words[seal.kind]}</strong> {seal.detail}{seal.created !== '' && <small>since <Time at={seal.created} /></small>}{seal.state === 'fails' && <small>does not open: {seal.why}</small>}</span>{seals.length > 1 && isOperator && <Button kind="danger" aria-label={`Remove the seal: ${words[seal.kind]}`} onClick={() => { setProblem(null); setRemoving(seal); }}>Remove</Button>}</li>)}
      </ul>
      {seals?.length === 1 && <Notice tone="warn">There is one seal. If it is lost, so is every key here.</Notice>}
      {isOperator && <AddSeal onAdded={(seal) => setShares(seal.shares)} />}
      <Question open={removing !== null} onClose={() => setRemoving(null)} title="Remove this seal?" text="It opens nothing any more. Make sure that another one does."
        actions={<><Button onClick={() => setRemoving(null)}>Keep it</Button><Button kind="danger" onClick={() => { if (removing) remove(removing); }}>Remove</Button></>}>
        <Problem error={problem} />
      </Question>
      <NewShares of={shares.length > 0 ? [{ shares }] : []} onKept={() => setShares([])} />
    </Card>
  );
}

export function Settings() {
  const may = useMay();
  const { data: installation, error } = useInstallation();
  return (
    <Page title="Settings" lead="What a tenant’s keys may be used for and who comes in, your own sign-in, and what protects this installation.">
      <Problem error={error} />
      <div className="grid wide">
        <div className="stack">
          <Policies />
          <Tokens />
          {may.has('appoint_owners') && <IdentityProviders />}
        </div>
        <div className="stack">
          <SignIns />
          {currentCredential()?.kind === 'cookie' && <><Passkeys /><Password /><SecondFactor /><Accounts /></>}
          <Seals />
          {may.has('operate') && <Rotation />}
          {installation && (
            <Card title="This installation">
              <Facts>
                <Fact name="Version">{installation.version}</Fact>
                <Fact name="Gateway"><span className="mono wrap">{installation.gateway}</span></Fact>
                <Fact name="Receipts’ public key"><span className="mono wrap">{installation.receipt_public_key}</span></Fact>
                <Fact name="Id"><span className="mono wrap">{installation.id}</span></Fact>
                <Fact name="Server’s clock"><Time at={installation.time} /></Fact>
              </Facts>
              <p>A receipt is checked without a server:</p>
              <Command label="command that checks a receipt">strongroom receipt verify FILE</Command>
              <p>What the server is told when it starts (addresses, drain, upstream proxy) stands in <code>strongroom.toml</code>; docs/configuration.md lists it.</p>
            </Card>
          )}
        </div>
      </div>
    </Page>
  );
}
