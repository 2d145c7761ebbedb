// One's own passkeys: added by the device that is to have one, named, removed. SPDX-License-Identifier: Apache-2.0
import { useState, type FormEvent } from 'react';
import { useMay } from '../access';
import { api, result, type Passkey } from '../api/client';
import { makePasskey } from '../api/passkeys';
import { refresh, usePasskeys } from '../api/queries';
import { TextField } from '../ui/fields';
import { Button, Card, Problem, Time } from '../ui/pieces';
import { useConfirmation } from './confirmation';

export function Passkeys() {
  const { who } = useMay();
  const { data, error } = usePasskeys();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [confirmed, confirmation] = useConfirmation();
  const changed = () => refresh('passkeys', 'record');
  const add = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = String(new FormData(form).get('name') ?? '').trim();
    setBusy(true);
    setProblem(null);
    confirmed(() => result(api.POST('/api/v1/passkeys/request')))
      .then((request) => makePasskey(request, `${who.member ?? ''} of ${who.tenant ?? ''}`, name))
      .then((body) => result(api.POST('/api/v1/passkeys', { body })))
      .then(() => form.reset())
      .catch(setProblem)
      .finally(() => { setBusy(false); changed(); });
  };
  const remove = (row: Passkey) => {
    setProblem(null);
    result(api.DELETE('/api/v1/passkeys/{id}', { params: { path: { id: row.id } } })).catch(setProblem).finally(changed);
  };
  return (
    <Card title="Passkeys">
      <p>A passkey of this device, or of a security key, signs you in by your finger, face or PIN. It takes the place of the password and of its second factor.</p>
      {(data?.length ?? 0) > 0 && (
        <ul className="plain-list">
          {data?.map((each) => (
            <li key={each.id} className="line">
              <span><strong>{each.name}</strong><small>{each.may_sync ? 'on your devices' : 'on one device'}, since <Time at={each.created} />; last used <Time at={each.last_used} /></small></span>
              <Button kind="danger" aria-label={`Remove the passkey ${each.name}`} onClick={() => remove(each)}>Remove</Button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add}>
        <TextField label="What to call a new one" name="name" required maxLength={64} placeholder="this laptop" />
        <Problem error={problem ?? error} />
        <Button type="submit" busy={busy}>Add a passkey</Button>
      </form>
      {confirmation}
    </Card>
  );
}
