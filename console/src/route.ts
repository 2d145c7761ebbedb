// Pages by the part of the address behind '#': the server is never told. SPDX-License-Identifier: Apache-2.0
import { useSyncExternalStore } from 'react';

export const pages = ['keys', 'notices', 'connect', 'sessions', 'activity', 'services', 'members', 'settings', 'promises'] as const;
export type Page = (typeof pages)[number];
export interface Route { page: Page; item: string }

/** `#/keys/key_...`; `#keys` and `#connect=gemini`, as agents and commands are told, as well. */
export function routeOf(hash: string): Route {
  const [name = '', item = ''] = hash.replace(/^#\/?/, '').split(/[/=]/, 2);
  const page = pages.find((each) => each === name) ?? 'keys';
  return { page, item: /^[a-z0-9_.@-]{0,64}$/.test(item) ? item : '' };
}

export const href = (page: Page, item = '') => `#/${page}${item === '' ? '' : `/${item}`}`;

export function go(page: Page, item = ''): void {
  location.hash = href(page, item);
}

const follow = (listener: () => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

export function useRoute(): Route {
  const hash = useSyncExternalStore(follow, () => location.hash);
  return routeOf(hash);
}
