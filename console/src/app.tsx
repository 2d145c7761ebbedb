// SPDX-License-Identifier: Apache-2.0
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { currentCredential, followCredential } from './api/credential';
import { Shell } from './shell';
import { SignIn } from './pages/sign_in';

export function App() {
  const credential = useSyncExternalStore(followCredential, currentCredential);
  const client = useQueryClient();
  // Nothing of what somebody saw stays for whoever signs in next.
  useEffect(() => {
    if (!credential) client.clear();
  }, [credential, client]);
  return credential ? <Shell /> : <SignIn />;
}
