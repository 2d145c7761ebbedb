// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { ApiError, errorOf } from '../api/client';
import { credentialHeaders, credentialMode, setCredential, type Credential } from '../api/credential';
import { SecretField, takeSecret } from '../ui/fields';
import { Button, Problem } from '../ui/pieces';

/** Whether the server takes it; an ApiError otherwise. */
async function prove(credential: Credential): Promise<void> {
  let response: Response;
  try {
    response = await fetch('/api/v1/installation', { headers: credentialHeaders(credential), credentials: credentialMode(credential), cache: 'no-store' });
  } catch {
    throw new ApiError(0, 'unreachable', 'The server does not answer', 'Look whether strongroom serve runs, and try again.');
  }
  if (response.status === 401)
    throw new ApiError(401, 'unauthorized', 'That token is not known here', 'It may have expired or been revoked. The operator’s is the content of operator.token in the server’s data directory.');
  if (!response.ok) throw errorOf(response.status, await response.json().catch(() => undefined));
}

export function SignIn() {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Strongroom';
    field.current?.focus();
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const credential: Credential = { kind: 'bearer', token: takeSecret(field.current).trim() };
    setBusy(true);
    setProblem(null);
    try {
      await prove(credential);
      setCredential(credential);
    } catch (error) {
      setProblem(error);
      setBusy(false);
      field.current?.focus();
    }
  };
  return (
    <main className="sign-in">
      <div className="card">
        <p className="brand"><img src="/icon.svg" alt="" width="32" height="32" />Strongroom</p>
        <h1>Sign in</h1>
        <p className="lead">Where the keys of your AI agents live.</p>
        <Problem error={problem} />
        <form onSubmit={(event) => void submit(event)}>
          <SecretField label="Token" field={field} required
            hint={<>A token of yours (<code>sra_…</code>), or the content of <code>operator.token</code> in the server’s data directory. This tab keeps it until it is closed.</>} />
          <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
        </form>
      </div>
    </main>
  );
}
