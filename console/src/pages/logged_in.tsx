// Where a login at a service comes back to. SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react';
import { api, result } from '../api/client';
import { refresh } from '../api/queries';
import { takeLoginAnswer } from '../login';
import { ButtonLink, Loading, Problem } from '../ui/pieces';
import { href } from '../route';
import { Doorway } from './sign_in';

let under: Promise<string> | null = null;

/** Once, however often it is shown. */
function finish(): Promise<string> {
  under ??= (async () => {
    const answer = takeLoginAnswer();
    if (!answer) throw new Error('There is no answer of a provider here');
    const login = await result(api.POST('/api/v1/oauth/logins/finish', { body: answer }));
    if (login.state !== 'done' || login.key === null) throw new Error(login.why);
    refresh('keys', 'record');
    return login.key;
  })();
  return under;
}

export function LoggedIn({ onLeave }: { onLeave: () => void }) {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    let isShown = true;
    finish().then((id) => { if (isShown) setKey(id); }, (error: unknown) => { if (isShown) setProblem(error); });
    return () => { isShown = false; };
  }, []);
  const title = key !== '' ? 'Connected' : problem ? 'Not connected' : 'Connecting…';
  return (
    <Doorway title={title} lead={key !== '' ? 'The provider’s tokens are stored, and renew themselves. You can close the provider’s page.' : 'The answer of the provider is checked, and changed for its tokens.'} key={title}>
      <Problem error={problem} />
      {key === '' && !problem && <Loading what="the answer" />}
      {key !== '' && <ButtonLink kind="primary" href={href('keys', key)} onClick={onLeave}>See the key</ButtonLink>}
      {problem !== null && <ButtonLink href={href('connect')} onClick={onLeave}>Begin again</ButtonLink>}
    </Doorway>
  );
}
