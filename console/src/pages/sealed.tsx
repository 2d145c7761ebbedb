// A server that waits for its root key. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { api, result } from '../api/client';
import { refresh } from '../api/queries';
import { Choice, SecretField, takeSecret } from '../ui/fields';
import { Button, Notice, Problem } from '../ui/pieces';

export function Sealed({ waitsFor }: { waitsFor: string }) {
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const [kind, setKind] = useState('passphrase');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    document.title = 'Sealed · Strongroom';
  }, []);
  const bring = (body: { kind?: 'passphrase' | 'share'; value?: string }) => {
    setBusy(true);
    setProblem(null);
    result(api.POST('/api/v1/unseal', { body })).catch(setProblem).finally(() => {
      setBusy(false);
      refresh('installation');
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    bring({ kind: kind === 'share' ? 'share' : 'passphrase', value: takeSecret(field.current) });
  };
  return (
    <main className="sign-in">
      <div className="card">
        <p className="brand"><img src="/icon.svg" alt="" width="32" height="32" />Strongroom</p>
        <h1>Sealed</h1>
        <p className="lead">This server runs, but its root key is not open: no key can be used, shown or changed until a seal opens it.</p>
        {waitsFor !== '' && <Notice tone="warn">{waitsFor}</Notice>}
        <Problem error={problem} />
        <form onSubmit={submit} autoComplete="off">
          <fieldset>
            <legend>What do you bring?</legend>
            <Choice name="kind" value="passphrase" chosen={kind} onChoose={setKind} title="The passphrase" />
            <Choice name="kind" value="share" chosen={kind} onChoose={setKind} title="A share">Each person brings their own, one after the other.</Choice>
          </fieldset>
          <SecretField label={kind === 'share' ? 'Share' : 'Passphrase'} field={field} required />
          <Button type="submit" kind="primary" busy={busy}>Open</Button>
        </form>
        <Button kind="quiet" disabled={busy} onClick={() => bring({})}>Try the seals that open by themselves again</Button>
      </div>
    </main>
  );
}
