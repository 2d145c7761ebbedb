// What the API's words are called on pages. SPDX-License-Identifier: Apache-2.0
import type { Key, Service } from './api/client';

export const delivery = {
  proxied: {
    short: 'Stays here; agents call through the gateway',
    long: 'It never enters a workroom. An agent holds a pass that is good for one session alone; the gateway puts the key on the wire, to the provider’s own hosts and nowhere else.',
  },
  injected: {
    short: 'In the workroom only while a session runs',
    long: 'Its tools must hold it to work. It is decrypted when a session starts, given to that session’s processes, and gone when the session ends.',
  },
} as const;

export const home = {
  skill: { name: 'Skill secret', plural: 'Skill secrets', about: 'Belong to the tenant and serve all its agents.' },
  integration: { name: 'Integration', plural: 'Integrations', about: 'Belong to one member and serve that member’s sessions.' },
} as const;

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

const states: Record<string, { name: string; tone: Tone; advice: string }> = {
  active: { name: 'Active', tone: 'good', advice: '' },
  expiring: { name: 'Expires soon', tone: 'warn', advice: 'Make a new one at the provider and replace the value here.' },
  expired: { name: 'Expired', tone: 'bad', advice: 'Its time is over, so it is not used any more. Make a new one at the provider and replace the value here.' },
  rejected_by_provider: {
    name: 'Rejected by the provider',
    tone: 'warn',
    advice: 'The provider refuses it: it was probably rotated or deleted in the provider’s own console. Make a new one there and replace the value here.',
  },
  needs_login: { name: 'Needs a login', tone: 'warn', advice: 'The provider ended the login. Its member logs in once more; the key, and what was granted it, stay.' },
  revoked: { name: 'Revoked', tone: 'plain', advice: '' },
};

export const keyState = (state: string) => states[state] ?? { name: state, tone: 'plain' as Tone, advice: '' };

export const titleOf = (services: readonly Service[] | undefined, id: string) =>
  services?.find((service) => service.id === id)?.title ?? id;

export const keyName = (key: Pick<Key, 'service' | 'label'>, services: readonly Service[] | undefined) =>
  key.label === 'default' ? titleOf(services, key.service) : `${titleOf(services, key.service)} (${key.label})`;

export const roles = {
  owner: 'Runs the tenant; may revoke everybody’s keys and use only their own',
  admin: 'Manages members, skill secrets and policies',
  member: 'Connects and uses their own integrations',
  auditor: 'Reads the record, changes nothing',
} as const;

/** Names of holders mostly begin with what they are. */
export const holderName = (role: string, name: string) => (name.startsWith(role) ? name : `${role} ${name}`);

const count = new Intl.NumberFormat('en');
export const number = (value: number) => count.format(value);

export const plural = (value: number, one: string, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

export function octets(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** "3 minutes ago", "in 2 hours". */
export function when(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return 'just now';
  if (size < 60) return relative.format(Math.round(seconds), 'second');
  if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (size < 30 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return new Date(time).toLocaleDateString('en', { dateStyle: 'medium' });
}

export const sentence = (word: string) => {
  const text = word.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
};
