// Codes beside the password: set up with an authenticator, and taken away again. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { api, result, type NewSecondFactor } from '../api/client';
import { refresh, useSecondFactor } from '../api/queries';
import { Question } from '../ui/dialogs';
import { PasswordField, takeSecret } from '../ui/fields';
import { Button, Card, Command, Notice, Problem } from '../ui/pieces';
import { plural } from '../words';

function CodeForm({ label, hint, button, kind, onCode }: { label: string; hint: ReactNode; button: string; kind: 'primary' | 'danger'; onCode: (code: string) => Promise<void> }) {
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    onCode(takeSecret(field.current).trim()).catch(setProblem).finally(() => { setBusy(false); refresh('second-factor', 'record'); });
  };
  return (
    <form onSubmit={submit}>
      <PasswordField label={label} type="text" field={field} autoComplete="one-time-code" spellCheck={false} autoCapitalize="none" required hint={hint} />
      <Problem error={problem} />
      <Button type="submit" kind={kind} busy={busy}>{button}</Button>
    </form>
  );
}

export function SecondFactor() {
  const { data } = useSecondFactor(true);
  const [made, setMade] = useState<NewSecondFactor | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const begin = () => {
    setProblem(null);
    result(api.POST('/api/v1/second-factor')).then(setMade).catch(setProblem).finally(() => refresh('second-factor'));
  };
  const confirm = async (code: string) => {
    setCodes((await result(api.POST('/api/v1/second-factor/confirm', { body: { code } }))).codes);
    setMade(null);
  };
  const remove = async (code: string) => {
    await result(api.POST('/api/v1/second-factor/remove', { body: { code } }));
  };
  if (!data) return null;
  return (
    <Card title="Second factor">
      <p>Codes of an authenticator, asked for beside your password at each sign-in.</p>
      <Problem error={problem} />
      {data.state === 'active' && <>
        <Notice tone={data.recovery_codes < 3 ? 'warn' : 'good'}>It is asked for. {plural(data.recovery_codes, 'recovery code')} left.</Notice>
        <CodeForm label="Code" hint="Of the authenticator, or a recovery code." button="Remove it" kind="danger" onCode={remove} />
      </>}
      {data.state !== 'active' && !made && <Button onClick={begin}>Set up an authenticator</Button>}
      {data.state !== 'active' && made && <>
        <p>Add this to your authenticator. It is shown this one time{' '}(<a href={made.link}>on this device</a>):</p>
        <Command label="the secret">{made.secret}</Command>
        <CodeForm label="Its first code" hint="From then on it is asked for." button="Confirm" kind="primary" onCode={confirm} />
      </>}
      <Question open={codes !== null} onClose={() => setCodes(null)} title="Recovery codes" text="For the day on which the authenticator is lost. Each is good once, in the place of a code. They are shown this one time: keep them apart from your password."
        actions={<Button kind="primary" onClick={() => setCodes(null)}>They are kept</Button>}>
        {codes && <Command label="the recovery codes">{codes.join('\n')}</Command>}
      </Question>
    </Card>
  );
}
