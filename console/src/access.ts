// Who is signed in and what they may do. The vault decides each call (docs/roles.md); pages leave out what it would refuse, and nothing more.
// SPDX-License-Identifier: Apache-2.0
import { createContext, useContext } from 'react';
import type { Access, Key, Session } from './api/client';

export type Right = 'operate' | 'look' | 'see_all' | 'administer' | 'appoint_owners' | 'keep_integrations' | 'run_sessions';

export interface May {
  who: Access;
  has: (right: Right) => boolean;
  /** Add and renew keys of that home, and have them checked. */
  keep: (key: Pick<Key, 'home' | 'owner'>) => boolean;
  revoke: (key: Key) => boolean;
  end: (session: Session) => boolean;
}

export function mayOf(who: Access): May {
  const has = (right: Right) => who.rights.includes(right);
  const isOperator = who.role === 'operator';
  const isOwn = (member: string) => who.member !== null && member === who.member;
  return {
    who,
    has,
    keep: (key) => isOperator || (key.home === 'skill' ? has('administer') : has('keep_integrations') && isOwn(key.owner)),
    revoke: (key) => isOperator || has('administer') || (key.home === 'integration' && has('keep_integrations') && isOwn(key.owner)),
    end: (session) => isOperator || has('administer') || (has('run_sessions') && isOwn(session.member)),
  };
}

export const MayContext = createContext<May>(mayOf({ name: '', tenant: null, member: null, role: 'auditor', rights: [] }));
export const useMay = () => useContext(MayContext);

export const nameOf = (who: Access): string =>
  who.role === 'operator' ? 'the operator' : who.member ? `${who.member}, ${who.role} of ${who.tenant ?? ''}` : `a program, ${who.role} of ${who.tenant ?? ''}`;
