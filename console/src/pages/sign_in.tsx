// The way in: by tenant, name and password, or by a token. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { canUsePasskeys } from '../api/passkeys';
import { beginAtProvider, signIn, signInByPasskey, signInByToken } from '../api/sign_in';
import { hasLeft } from '../leaving';
import { goTo, linkedProvider } from '../provider';
import { PasswordField, SecretField, TextField, takeSecret } from '../ui/fields';
import { Button, Notice, Problem } from '../ui/pieces';

/** What stands alone in the middle, before anybody is signed in. */
export function Doorway({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Strongroom`;
  }, [title]);
  return (
    <main className="sign-in">
      <div className="card">
        <p className="brand"><img src="/icon.svg" alt="" width="32" height="32" />Strongroom</p>
        <h1>{title}</h1>
        <p className="lead">{lead}</p>
        {children}
      </div>
    </main>
  );
}

/** Busy while it is tried; what went wrong stays until the next try. */
export function useTry(attempt: () => Promise<void>, after: () => void) {
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    attempt().catch((error: unknown) => {
      setProblem(error);
      setBusy(false);
      after();
    });
  };
  return { problem, busy, submit };
}

const tenantPlace = 'strongroom-last-tenant';

function ByPassword() {
  const password = useRef<HTMLInputElement>(null);
  const [tenant, setTenant] = useState(() => localStorage.getItem(tenantPlace) ?? '');
  const [member, setMember] = useState('');
  // Kept between the two steps alone, where no attribute and no state has it.
  const typed = useRef('');
  const code = useRef<HTMLInputElement>(null);
  const [needsCode, setNeedsCode] = useState(false);
  const { problem, busy, submit } = useTry(async () => {
    if (!needsCode) typed.current = takeSecret(password.current);
    const second = needsCode ? takeSecret(code.current).trim() : '';
    try {
      await signIn({ tenant: tenant.trim(), member: member.trim(), password: typed.current, ...(second === '' ? {} : { code: second }) });
    } catch (error) {
      const isHalf = error instanceof ApiError && (error.code === 'code_needed' || error.code === 'code_wrong');
      setNeedsCode(isHalf);
      if (!isHalf) typed.current = '';
      if (error instanceof ApiError && error.code === 'code_needed') throw null;
      throw error;
    }
    typed.current = '';
    localStorage.setItem(tenantPlace, tenant.trim());
  }, () => (code.current ?? password.current)?.focus());
  if (needsCode)
    return (
      <form onSubmit={submit}>
        <Problem error={problem} />
        <PasswordField label="Code of your authenticator" type="text" field={code} autoComplete="one-time-code" inputMode="text" spellCheck={false} autoCapitalize="none" required autoFocus
          hint="Six digits; each is good once. Or one of your recovery codes." />
        <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
      </form>
    );
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <TextField label="Tenant" value={tenant} onChange={(event) => setTenant(event.target.value)} required maxLength={64} autoComplete="organization" autoCapitalize="none" autoFocus={tenant === ''} placeholder="acme" />
      <TextField label="Name" value={member} onChange={(event) => setMember(event.target.value)} required maxLength={64} autoComplete="username" autoCapitalize="none" autoFocus={tenant !== ''} placeholder="alice" />
      <PasswordField label="Password" field={password} autoComplete="current-password" required />
      <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
    </form>
  );
}

function ByToken() {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const { problem, busy, submit } = useTry(() => signInByToken(takeSecret(field.current).trim()), () => field.current?.focus());
  useEffect(() => field.current?.focus(), []);
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <SecretField label="Token" field={field} required
        hint={<>A token of yours (<code>sra_…</code>), or the content of <code>operator.token</code> in the server’s data directory. This tab keeps it until it is closed.</>} />
      <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
    </form>
  );
}

function ByPasskey() {
  const { problem, busy, submit } = useTry(signInByPasskey, () => undefined);
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <Button type="submit" busy={busy}>Use a passkey</Button>
    </form>
  );
}

const providerPlace = 'strongroom-last-provider';

/** Which providers a tenant has the page does not say: whoever asks could learn which tenants there are. */
function ByProvider() {
  const linked = linkedProvider();
  const [tenant, setTenant] = useState(() => linked?.tenant ?? localStorage.getItem(tenantPlace) ?? '');
  const [provider, setProvider] = useState(() => linked?.provider ?? localStorage.getItem(providerPlace) ?? '');
  const { problem, busy, submit } = useTry(async () => {
    const wanted = { tenant: tenant.trim(), provider: provider.trim() };
    const { url } = await beginAtProvider(wanted);
    localStorage.setItem(tenantPlace, wanted.tenant);
    localStorage.setItem(providerPlace, wanted.provider);
    goTo(url);
  }, () => undefined);
  return (
    <form onSubmit={submit}>
      <Problem error={problem} />
      <TextField label="Tenant" value={tenant} onChange={(event) => setTenant(event.target.value)} required maxLength={64} autoComplete="organization" autoCapitalize="none" autoFocus={tenant === ''} placeholder="acme" />
      <TextField label="Identity provider" value={provider} onChange={(event) => setProvider(event.target.value)} required maxLength={64} autoCapitalize="none" placeholder="okta" hint="As an owner of your tenant has named it." />
      <Button type="submit" kind="primary" busy={busy}>{provider.trim() === '' ? 'Sign in there' : `Sign in with ${provider.trim()}`}</Button>
    </form>
  );
}

type Way = 'password' | 'token' | 'provider';
const ways: Record<Way, string> = { password: 'Use a password instead', token: 'Use a token instead', provider: 'Use your identity provider instead' };

export function SignIn() {
  const [way, setWay] = useState<Way>(() => (linkedProvider() ? 'provider' : 'password'));
  const others = (Object.keys(ways) as Way[]).filter((each) => each !== way);
  return (
    <Doorway title="Sign in" lead="Where the keys of your AI agents live.">
      {hasLeft && <Notice tone="good">You are signed out, here and at your identity provider.</Notice>}
      {way === 'token' ? <ByToken /> : way === 'provider' ? <ByProvider /> : <><ByPassword />{canUsePasskeys() && <ByPasskey />}</>}
      <div className="other-way">
        {others.map((each) => <Button kind="quiet" key={each} onClick={() => setWay(each)}>{ways[each]}</Button>)}
        {way === 'password' && <p className="hint">No password yet, or lost? An owner or admin of your tenant, or the operator, makes a link for you.</p>}
      </div>
    </Doorway>
  );
}
