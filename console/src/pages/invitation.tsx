// Where an invitation's link leads: whoever was sent it chooses a password. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState } from 'react';
import { ApiError, type Invitation } from '../api/client';
import { canUsePasskeys } from '../api/passkeys';
import { acceptInvitation, acceptInvitationByPasskey, showInvitation } from '../api/sign_in';
import { endInvitation } from '../invitation';
import { names } from './people_forms';
import { PasswordField, TextField, takeSecret } from '../ui/fields';
import { Button, ButtonLink, Loading, Problem, Time } from '../ui/pieces';
import { Doorway, useTry } from './sign_in';

function Accept({ invitation, facts }: { invitation: string; facts: Invitation }) {
  const password = useRef<HTMLInputElement>(null);
  const again = useRef<HTMLInputElement>(null);
  const isFirst = facts.tenant === null;
  const [tenant, setTenant] = useState('');
  const [member, setMember] = useState('');
  const { problem, busy, submit } = useTry(async () => {
    const [first, second] = [takeSecret(password.current), takeSecret(again.current)];
    if (first !== second) throw new ApiError(0, 'password_differs', 'The two passwords are not the same', 'Type it twice, the same each time.');
    await acceptInvitation(invitation, { password: first, ...(isFirst ? { tenant, member } : {}) });
    endInvitation();
  }, () => password.current?.focus());
  const byPasskey = useTry(async () => {
    await acceptInvitationByPasskey(invitation, { tenant: facts.tenant ?? tenant, member: facts.member ?? member }, isFirst);
    endInvitation();
  }, () => undefined);
  return (
    <form onSubmit={submit}>
      <Problem error={byPasskey.problem ?? problem} />
      {isFirst && <>
        <TextField label="What is your organisation called?" value={tenant} onChange={(event) => setTenant(event.target.value)} autoFocus placeholder="acme" {...names} hint="In short: a-z, 0-9, dots and dashes. It is typed at each sign-in." />
        <TextField label="And you?" value={member} onChange={(event) => setMember(event.target.value)} autoComplete="username" placeholder="alice" {...names} />
      </>}
      {!isFirst && <input type="text" autoComplete="username" value={facts.member ?? ''} readOnly hidden />}
      <PasswordField label="Password" field={password} autoComplete="new-password" minLength={12} required autoFocus={!isFirst} hint="12 characters or more; several words are fine. Nobody else can read it, the operator included." />
      <PasswordField label="The same again" field={again} autoComplete="new-password" required />
      <Button type="submit" kind="primary" busy={busy}>{isFirst ? 'Begin' : 'Set the password and sign in'}</Button>
      {canUsePasskeys() && <div className="other-way"><Button kind="quiet" busy={byPasskey.busy} disabled={isFirst && (tenant === '' || member === '')} onClick={byPasskey.submit}>Use a passkey instead</Button></div>}
      <p className="hint">This link is good once, and ends <Time at={facts.expires} />.</p>
    </form>
  );
}

export function InvitationPage({ invitation }: { invitation: string }) {
  const [facts, setFacts] = useState<Invitation | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    if (invitation === '') return;
    let isShown = true;
    showInvitation(invitation).then((found) => { if (isShown) setFacts(found); }, (error: unknown) => { if (isShown) setProblem(error); });
    return () => { isShown = false; };
  }, [invitation]);
  const title = !facts ? 'An invitation' : facts.tenant === null ? 'Begin' : `Welcome, ${facts.member ?? ''}`;
  const lead = !facts ? 'A link that lets you choose your password.'
    : facts.tenant === null ? 'You are the first here: you make the first tenant, and are its owner.'
    : <>You are a member of <strong>{facts.tenant}</strong>. Choose how you sign in from now on. Whatever was signed in as you before ends.</>;
  return (
    <Doorway title={title} lead={lead} key={title}>
      {invitation === '' && <p role="status">Open the link again: this page kept nothing of it when it was loaded anew.</p>}
      <Problem error={problem} />
      {facts ? <Accept invitation={invitation} facts={facts} /> : invitation !== '' && !problem && <Loading what="the invitation" />}
      {!facts && <ButtonLink kind="quiet" href="#/keys">To the console</ButtonLink>}
    </Doorway>
  );
}
