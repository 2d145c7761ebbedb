// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { currentCredential, followCredential } from './api/credential';
import { useInstallation } from './api/queries';
import { Shell } from './shell';
import { Sealed } from './pages/sealed';
import { SignIn } from './pages/sign_in';

export function App() {
  const credential = useSyncExternalStore(followCredential, currentCredential);
  const client = useQueryClient();
  // Nothing of what somebody saw stays for whoever signs in next.
  useEffect(() => {
    if (!credential) client.clear();
  }, [credential, client]);
  return credential ? <SignedIn /> : <SignIn />;
}

function SignedIn() {
  const { data } = useInstallation();
  return data?.seal_state === 'sealed' ? <Sealed waitsFor={data.waits_for ?? ''} /> : <Shell />;
}
