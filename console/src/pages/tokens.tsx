// What programs call the control API with. SPDX-License-Identifier: Apache-2.0
import { useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result, type AddedToken, type NewToken, type Token } from '../api/client';
import { currentCredential } from '../api/credential';
import { refresh, useMembers, useTokens } from '../api/queries';
import { useScope } from '../scope';
import { Question } from '../ui/dialogs';
import { SelectField, TextField } from '../ui/fields';
import { Badge, Button, Card, Command, Problem, Time } from '../ui/pieces';

const scopes = { all: 'All that the role may', read: 'Reading alone', sessions: 'Sessions and tickets alone' } as const;

function AddToken({ tenant, onAdded }: { tenant: string; onAdded: (token: AddedToken) => void }) {
  const { data: members } = useMembers(tenant);
  const may = useMay();
  // A member's is made by that member; the operator makes both kinds, whoever administers a machine's.
  const owners = (members ?? []).filter((each) => may.has('operate') || each.name === may.who.member);
  const [whose, setWhose] = useState(may.has('administer') ? '' : (may.who.member ?? ''));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const body: NewToken = {
      tenant, name: String(data.get('name')), scope: data.get('scope') as NonNullable<NewToken['scope']>,
      valid_seconds: Math.max(1, Math.trunc(Number(data.get('days')) || 90)) * 86_400,
      ...(whose === '' ? { role: data.get('role') as NonNullable<NewToken['role']> } : { member: whose }),
    };
    setBusy(true);
    setProblem(null);
    result(api.POST('/api/v1/tokens', { body })).then((added) => { form.reset(); onAdded(added); }).catch(setProblem).finally(() => { setBusy(false); refresh('tokens', 'record'); });
  };
  return (
    <form onSubmit={submit}>
      <div className="two">
        <TextField label="Name" name="name" required maxLength={64} placeholder="ci" />
        <SelectField label="Whose" value={whose} onChange={(event) => setWhose(event.target.value)}>
          {may.has('administer') && <option value="">A machine’s</option>}
          {owners.map((each) => <option key={each.id} value={each.name}>{each.name}’s</option>)}
        </SelectField>
        {whose === '' && <SelectField label="Its role" name="role" defaultValue="member"><option>member</option><option>admin</option><option>auditor</option></SelectField>}
        <SelectField label="What it may" name="scope">{Object.entries(scopes).map(([scope, words]) => <option key={scope} value={scope}>{words}</option>)}</SelectField>
        <TextField label="Good for so many days" name="days" type="number" min={1} max={366} defaultValue="90" />
      </div>
      <Problem error={problem} />
      <Button type="submit" busy={busy}>Make a token</Button>
    </form>
  );
}

export function Tokens() {
  const { tenant, tenants } = useScope();
  const may = useMay();
  const { data: tokens, error } = useTokens(tenant);
  const [added, setAdded] = useState<AddedToken | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const chosen = tenant !== '' ? tenant : (tenants[0]?.name ?? '');
  const mayAdd = may.has('operate') || currentCredential()?.kind === 'cookie';
  const live = (tokens ?? []).filter((each) => each.state === 'active');
  const mayRevoke = (token: Token) => may.has('administer') || (token.member !== null && token.member === may.who.member);
  const revoke = (token: Token) => {
    result(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id: token.id } } })).then(() => setRevoking(null)).catch(setProblem).finally(() => refresh('tokens', 'record'));
  };
  if (chosen === '') return null;
  return (
    <Card title="Tokens">
      <p>What programs, and members, call this server with. A token is shown once, and is good for nothing from the moment it is revoked.</p>
      <Problem error={error} />
      <ul className="plain-list">
        {live.map((each) => (
          <li key={each.id} className="line">
            <span><strong>{each.name}</strong> {each.member ? `of ${each.member}` : `a machine’s, ${each.role ?? ''}`}{tenants.length > 1 && `, ${each.tenant}`} {each.for_any_member && <Badge tone="warn">for any member</Badge>}
              <small>{scopes[each.scope]}; last used <Time at={each.last_used} />; ends <Time at={each.expires} /></small></span>
            {mayRevoke(each) && <Button kind="danger" aria-label={`Revoke the token ${each.name}`} onClick={() => { setProblem(null); setRevoking(each); }}>Revoke</Button>}
          </li>
        ))}
      </ul>
      {live.length === 0 && <p className="quiet-text">None yet.{mayAdd ? '' : ' Who has signed in, or the operator, makes them.'}</p>}
      {mayAdd && <AddToken tenant={chosen} onAdded={setAdded} />}
      <Question open={added !== null} onClose={() => setAdded(null)} title="The token" text="This is the only time that it is shown. Whoever has it acts in its name." actions={<Button kind="primary" onClick={() => setAdded(null)}>It is kept</Button>}>
        {added && <Command label="the token">{added.token}</Command>}
      </Question>
      <Question open={revoking !== null} onClose={() => setRevoking(null)} title={`Revoke the token ${revoking?.name ?? ''}?`} text="Whoever calls with it is refused from then on. It cannot be undone."
        actions={<><Button onClick={() => setRevoking(null)}>Keep it</Button><Button kind="danger" onClick={() => { if (revoking) revoke(revoking); }}>Revoke</Button></>}>
        <Problem error={problem} />
      </Question>
    </Card>
  );
}
