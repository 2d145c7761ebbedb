// One's own password, changed while signed in. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type FormEvent } from 'react';
import { nameOf, useMay } from '../access';
import { ApiError } from '../api/client';
import { refresh } from '../api/queries';
import { changePassword } from '../api/sign_in';
import { PasswordField, takeSecret } from '../ui/fields';
import { Button, Card, Notice, Problem } from '../ui/pieces';

export function Password() {
  const { who } = useMay();
  const [current, next, again] = [useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null), useRef<HTMLInputElement>(null)];
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [changed, setChanged] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { current_password: takeSecret(current.current), password: takeSecret(next.current) };
    const second = takeSecret(again.current);
    setChanged(false);
    if (body.password !== second) {
      setProblem(new ApiError(0, 'password_differs', 'The two new passwords are not the same', 'Type it twice, the same each time.'));
      return;
    }
    setBusy(true);
    setProblem(null);
    changePassword(body).then(() => setChanged(true)).catch(setProblem).finally(() => { setBusy(false); refresh('sign-ins', 'record'); });
  };
  return (
    <Card title="Password">
      <form onSubmit={submit}>
        <input type="text" autoComplete="username" value={who.member ?? nameOf(who)} readOnly hidden />
        <PasswordField label="Password of now" field={current} autoComplete="current-password" required />
        <PasswordField label="New password" field={next} autoComplete="new-password" minLength={12} required hint="12 characters or more; several words are fine." />
        <PasswordField label="The new one again" field={again} autoComplete="new-password" required />
        <Problem error={problem} />
        {changed && <Notice tone="good">It is changed. You are signed in here; wherever else you were, you are not any more.</Notice>}
        <Button type="submit" busy={busy}>Change the password</Button>
      </form>
    </Card>
  );
}
