// Keys that want somebody to do something. SPDX-License-Identifier: Apache-2.0
import type { Key } from './api/client';

/** The most pressing first: what does not work any more, then what soon will not. */
const pressing = ['needs_login', 'rejected_by_provider', 'expired', 'expiring'];
const lately = 24 * 3_600_000;

export const noticesIn = (keys: readonly Key[]): Key[] =>
  keys.filter((key) => pressing.includes(key.state)).sort((one, other) =>
    pressing.indexOf(one.state) - pressing.indexOf(other.state) || (one.expires ?? '').localeCompare(other.expires ?? '') || other.changed.localeCompare(one.changed));

/** Switched off within a day: news, and nothing to be done. */
export const revokedLately = (keys: readonly Key[], now = Date.now()): Key[] =>
  keys.filter((key) => key.state === 'revoked' && now - Date.parse(key.changed) < lately).sort((one, other) => other.changed.localeCompare(one.changed));
