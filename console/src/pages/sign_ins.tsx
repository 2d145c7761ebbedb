// Who is signed in, and where; and the way out. SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { nameOf, useMay } from '../access';
import { api, result, type SignIn } from '../api/client';
import { currentCredential } from '../api/credential';
import { refresh, useSignIns } from '../api/queries';
import { signOut } from '../api/sign_in';
import { useScope } from '../scope';
import { Button, Card, Problem, Time } from '../ui/pieces';

export function SignIns() {
  const { who, has } = useMay();
  const { tenant } = useScope();
  const { data, error } = useSignIns(tenant);
  const [problem, setProblem] = useState<unknown>(null);
  const end = (row: SignIn) => {
    setProblem(null);
    result(api.DELETE('/api/v1/sign-ins/{id}', { params: { path: { id: row.id } } })).catch(setProblem).finally(() => refresh('sign-ins', 'record'));
  };
  const isByToken = currentCredential()?.kind === 'bearer';
  return (
    <Card title="Sign-in">
      <p>You are signed in as {nameOf(who)}, {isByToken ? 'by a token, in this tab alone' : 'in this browser'}. No sign-in opens the keys themselves.</p>
      <Button onClick={() => void signOut()}>Sign out</Button>
      <Problem error={problem ?? error} />
      {(data?.length ?? 0) > 0 && (
        <ul className="plain-list">
          {data?.map((each) => (
            <li key={each.id} className="line">
              <span><strong>{each.member}</strong>{each.from === '' ? '' : ` from ${each.from}`}
                <small>since <Time at={each.created} />; last seen <Time at={each.seen} />; ends <Time at={each.expires} /></small></span>
              {(has('administer') || each.member === who.member) && <Button kind="danger" aria-label={`End the sign-in of ${each.member}${each.from === '' ? '' : ` from ${each.from}`}`} onClick={() => end(each)}>End</Button>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
