// Signing out at a provider, too: where the browser goes, and that it has come back from there. SPDX-License-Identifier: Apache-2.0
import { goTo } from './provider';

const place = 'strongroom-leaving';

export function leaveFor(url: string, state: string): void {
  sessionStorage.setItem(place, state);
  goTo(url);
}

/** What is brought to the console's own address by whoever did not leave from here says nothing. */
function takeReturn(): boolean {
  const said = new URLSearchParams(location.search).get('state');
  if (location.pathname !== '/' || said === null) return false;
  history.replaceState(null, '', `/${location.hash}`);
  const left = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  return left !== null && left === said;
}

export const hasLeft = takeReturn();
