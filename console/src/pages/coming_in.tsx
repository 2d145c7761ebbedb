// Where a sign-in at an identity provider comes back to, and an account there that is linked. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'react';
import { ApiError, api, result } from '../api/client';
import { refresh } from '../api/queries';
import { signInByProvider } from '../api/sign_in';
import type { LoginAnswer } from '../login';
import { takeProviderAnswer } from '../provider';
import { href } from '../route';
import { PasswordField, takeSecret } from '../ui/fields';
import { Button, ButtonLink, Loading, Problem } from '../ui/pieces';
import { Doorway, useTry } from './sign_in';

let under: Promise<void> | null = null;
let state = '';

/** Once, however often it is shown. */
function once(finish: (answer: LoginAnswer) => Promise<void>): Promise<void> {
  under ??= (async () => {
    const answer = takeProviderAnswer();
    if (!answer) throw new Error('There is no answer of a provider here');
    state = answer.state;
    await finish(answer);
  })();
  return under;
}

/** What came of it: nothing yet, done, or what went wrong. */
function useOutcome(finish: (answer: LoginAnswer) => Promise<void>, after: () => void): unknown {
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    let isShown = true;
    once(finish).then(() => { if (isShown) after(); }, (error: unknown) => { if (isShown) setProblem(error); });
    return () => { isShown = false; };
  }, []); // eslint-disable-line react-hooks/exhaustive-deps -- once
  return problem;
}

function Code({ onDone }: { onDone: () => void }) {
  const code = useRef<HTMLInputElement>(null);
  const { problem, busy, submit } = useTry(async () => {
    await signInByProvider({ state, code: takeSecret(code.current).trim() });
    onDone();
  }, () => code.current?.focus());
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <PasswordField label="Code of your authenticator" type="text" field={code} autoComplete="one-time-code" inputMode="text" spellCheck={false} autoCapitalize="none" required autoFocus
        hint="Six digits; each is good once. Or one of your recovery codes." />
      <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
    </form>
  );
}

export function ComingIn({ onLeave }: { onLeave: () => void }) {
  const problem = useOutcome(signInByProvider, onLeave);
  const needsCode = problem instanceof ApiError && problem.code === 'code_needed';
  const title = needsCode ? 'One more step' : problem ? 'Not signed in' : 'Signing in…';
  return (
    <Doorway title={title} lead="What your identity provider says is checked." key={title}>
      {needsCode ? <Code onDone={onLeave} /> : <Problem error={problem} />}
      {!problem && <Loading what="the answer" />}
      {problem !== null && <ButtonLink href="#/" onClick={onLeave}>Begin again</ButtonLink>}
    </Doorway>
  );
}

export function Linked({ onLeave }: { onLeave: () => void }) {
  const [isDone, setDone] = useState(false);
  const problem = useOutcome(async (answer) => {
    await result(api.POST('/api/v1/identities', { body: answer }));
    refresh('identities', 'record');
  }, () => setDone(true));
  const title = isDone ? 'Linked' : problem ? 'Not linked' : 'Linking…';
  return (
    <Doorway title={title} lead={isDone ? 'You sign in by that account from now on, too.' : 'What your identity provider says is checked.'} key={title}>
      <Problem error={problem} />
      {!isDone && !problem && <Loading what="the answer" />}
      {(isDone || problem !== null) && <ButtonLink kind="primary" href={href('settings')} onClick={onLeave}>Back to Settings</ButtonLink>}
    </Doorway>
  );
}
