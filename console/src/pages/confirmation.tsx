// That it is still oneself who sits there, before a way to come in is added. SPDX-License-Identifier: Apache-2.0
import { useRef, useState, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { canUsePasskeys } from '../api/passkeys';
import { usePasskeys } from '../api/queries';
import { confirmBy, confirmByPasskey } from '../api/sign_in';
import { Panel } from '../ui/dialogs';
import { PasswordField, takeSecret } from '../ui/fields';
import { Button, Problem } from '../ui/pieces';
import { useTry } from './sign_in';

interface Waiting { goOn: () => void; giveUp: () => void }

function ByText({ kind, onDone }: { kind: 'password' | 'code'; onDone: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  const { problem, busy, submit } = useTry(async () => {
    const typed = takeSecret(field.current);
    await confirmBy(kind === 'password' ? { password: typed } : { code: typed.trim() });
    onDone();
  }, () => field.current?.focus());
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      {kind === 'password'
        ? <PasswordField label="Your password" field={field} autoComplete="current-password" required autoFocus />
        : <PasswordField label="Code of your authenticator" type="text" field={field} autoComplete="one-time-code" inputMode="numeric" spellCheck={false} required autoFocus hint="Six digits; each is good once." />}
      <Button type="submit" kind="primary" busy={busy}>Go on</Button>
    </form>
  );
}

function ByPasskey({ onDone }: { onDone: () => void }) {
  const { problem, busy, submit } = useTry(async () => {
    await confirmByPasskey();
    onDone();
  }, () => undefined);
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <Button type="submit" busy={busy}>Use a passkey</Button>
    </form>
  );
}

function Dialog({ waiting }: { waiting: Waiting }) {
  const [kind, setKind] = useState<'password' | 'code'>('password');
  const { data: passkeys } = usePasskeys();
  return (
    <Panel open onClose={waiting.giveUp} title="Is it you?" text="You signed in more than five minutes ago. Whoever sits at your browser shall not give themself a way in that stays.">
      <ByText kind={kind} key={kind} onDone={waiting.goOn} />
      {canUsePasskeys() && (passkeys?.length ?? 0) > 0 && <ByPasskey onDone={waiting.goOn} />}
      <Button kind="quiet" onClick={() => setKind(kind === 'password' ? 'code' : 'password')}>{kind === 'password' ? 'Use a code instead' : 'Use your password instead'}</Button>
      <p className="hint">None of these? Sign out, and sign in again as you did.</p>
    </Panel>
  );
}

/** Does something that may ask for it, and once more after it was shown; the dialog is part of the page. */
export function useConfirmation(): [<T>(work: () => Promise<T>) => Promise<T>, ReactNode] {
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const confirmed = async <T,>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'confirmation_needed') throw error;
      await new Promise<void>((goOn, giveUp) => setWaiting({ goOn, giveUp: () => giveUp(error) })).finally(() => setWaiting(null));
      return work();
    }
  };
  return [confirmed, waiting && <Dialog waiting={waiting} />];
}
