// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { MayContext, mayOf } from './access';
import { currentCredential, followCredential } from './api/credential';
import { useAccess, useInstallation } from './api/queries';
import { currentInvitation, followInvitation } from './invitation';
import { Shell } from './shell';
import { hasLoginAnswer } from './login';
import { hasProviderAnswer, isLink } from './provider';
import { InvitationPage } from './pages/invitation';
import { ComingIn, Linked } from './pages/coming_in';
import { LoggedIn } from './pages/logged_in';
import { Sealed } from './pages/sealed';
import { SignIn } from './pages/sign_in';
import { Loading, Problem } from './ui/pieces';

export function App() {
  const credential = useSyncExternalStore(followCredential, currentCredential);
  const invitation = useSyncExternalStore(followInvitation, currentInvitation);
  const client = useQueryClient();
  const [isBack, setBack] = useState(hasLoginAnswer);
  // Decided once: whoever has come in by it is signed in afterwards.
  const [coming, setComing] = useState(() => (hasProviderAnswer() ? (isLink() ? 'link' : 'sign-in') : ''));
  // Nothing of what somebody saw stays for whoever signs in next.
  useEffect(() => {
    if (!credential || invitation !== null) client.clear();
  }, [credential, invitation, client]);
  if (invitation !== null) return <InvitationPage invitation={invitation} key={invitation} />;
  if (coming === 'sign-in') return <ComingIn onLeave={() => setComing('')} />;
  if (coming === 'link') return <Linked onLeave={() => setComing('')} />;
  if (credential && isBack) return <LoggedIn onLeave={() => setBack(false)} />;
  return credential ? <SignedIn /> : <SignIn />;
}

function SignedIn() {
  const { data } = useInstallation();
  return data?.seal_state === 'sealed' ? <Sealed waitsFor={data.waits_for ?? ''} /> : <ForSomebody />;
}

function ForSomebody() {
  const { data, error } = useAccess();
  const may = useMemo(() => (data ? mayOf(data) : null), [data]);
  if (may) return <MayContext value={may}><Shell /></MayContext>;
  return <main>{error ? <Problem error={error} /> : <Loading what="the console" />}</main>;
}
