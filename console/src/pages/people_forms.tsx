// Adding tenants and members. SPDX-License-Identifier: Apache-2.0
import { useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result, type Member } from '../api/client';
import { refresh } from '../api/queries';
import { SelectField, TextField } from '../ui/fields';
import { Button, Problem } from '../ui/pieces';
import { roles } from '../words';

export const names = { pattern: '[a-z0-9][a-z0-9._@\\-]{0,63}', title: 'a-z 0-9 . _ @ -, at most 64, beginning with a letter or digit', maxLength: 64, required: true };

function useAdding(add: (form: FormData) => Promise<unknown>, changed: string) {
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    setProblem(null);
    add(new FormData(form))
      .then(() => {
        form.reset();
        refresh(changed, 'record');
      })
      .catch(setProblem)
      .finally(() => setBusy(false));
  };
  return { problem, busy, submit };
}

export function AddTenant() {
  const { problem, busy, submit } = useAdding((form) => result(api.POST('/api/v1/tenants', { body: { name: String(form.get('name')) } })), 'tenants');
  return (
    <form className="inline-form" onSubmit={submit}>
      <TextField label="Name of the tenant" name="name" placeholder="acme" {...names} />
      <Button type="submit" busy={busy}>Add the tenant</Button>
      <Problem error={problem} />
    </form>
  );
}

export function AddMember({ tenant }: { tenant: string }) {
  const may = useMay();
  const [role, setRole] = useState<Member['role']>('member');
  const { problem, busy, submit } = useAdding(
    (form) => result(api.POST('/api/v1/members', { body: { tenant, name: String(form.get('name')), role } })), 'members');
  return (
    <form className="inline-form" onSubmit={submit}>
      <TextField label="Name" name="name" placeholder="alice" {...names} />
      <SelectField label="Role" value={role} onChange={(event) => setRole(event.target.value as Member['role'])} hint={roles[role]}>
        {Object.keys(roles).filter((each) => each !== 'owner' || may.has('appoint_owners')).map((each) => <option key={each} value={each}>{each}</option>)}
      </SelectField>
      <Button type="submit" busy={busy}>Add the member</Button>
      <Problem error={problem} />
    </form>
  );
}
