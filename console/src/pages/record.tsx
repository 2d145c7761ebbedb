// Entries of the record of use in plain words. SPDX-License-Identifier: Apache-2.0
import type { Entry } from '../api/client';
import { Badge, Time } from '../ui/pieces';
import { sentence, type Tone } from '../words';

const actions: Record<string, string> = {
  'key.add': 'Connected a key', 'key.rotate': 'Replaced a key’s value', 'key.revoke': 'Revoked a key', 'key.check': 'Checked a key with its provider',
  'key.rejected': 'The provider refused a key', 'key.accepted': 'The provider accepts a key again', 'key.destroyed': 'The provider ended a key', 'key.not_destroyed': 'The provider did not end a key', 'key.logout': 'Ended a login at the provider', 'key.inject': 'Gave a key to a workroom',
  'session.start': 'Started a session', 'session.end': 'Ended a session', 'ticket.issue': 'Made a ticket', 'ticket.use': 'Used a ticket',
  'tenant.add': 'Added a tenant', 'tenant.remove': 'Removed a tenant', 'member.add': 'Added a member', 'member.remove': 'Removed a member',
  'member.invite': 'Invited a member', 'member.password': 'Chose a password', 'member.passkey': 'Came in by a passkey', 'passkey.add': 'Added a passkey', 'passkey.remove': 'Removed a passkey', 'member.sign_in': 'Signed in', 'member.sign_out': 'Signed out', 'member.confirm': 'Showed again that it is them', 'member.second_factor': 'Changed a second factor',
  'skill.add': 'Named a skill', 'skill.remove': 'Forgot a skill', 'policy.set': 'Set a policy', 'policy.remove': 'Lifted a policy',
  'seal.add': 'Added a seal', 'seal.remove': 'Removed a seal', 'scan.begin': 'Began a scan', 'scan.end': 'Ended a scan', use: 'Used a key', finding: 'Finding',
};

const findings: Record<string, string> = {
  key_echoed: 'An answer held the key itself', denied_path: 'An agent asked for a denied path', pass_misplaced: 'A request held a pass where none belongs',
};

export type Kind = 'use' | 'finding' | 'change';
export const kindOf = (entry: Entry): Kind => (entry.action === 'use' ? 'use' : entry.action === 'finding' || entry.action === 'key.rejected' ? 'finding' : 'change');

export function what(entry: Entry): string {
  if (entry.action === 'finding') return findings[entry.outcome ?? ''] ?? `Finding: ${sentence(entry.outcome ?? '').toLowerCase()}`;
  return actions[entry.action] ?? sentence(entry.action.replace('.', ' '));
}

export function details(entry: Entry): string {
  if (entry.method) return `${entry.method} ${entry.host ?? ''}${entry.path ?? ''}`;
  if (entry.action === 'finding') return `${entry.host ?? ''}${entry.path ?? ''}`;
  return entry.detail ?? '';
}

export function Outcome({ entry }: { entry: Entry }) {
  const status = entry.status ?? 0;
  const words = [status > 0 ? String(status) : '', entry.action === 'finding' ? '' : (entry.outcome ?? '').replaceAll('_', ' ')].filter((part) => part !== '').join(' ');
  const tone: Tone = kindOf(entry) === 'finding' ? 'warn' : status >= 400 ? 'warn' : 'plain';
  if (kindOf(entry) === 'finding') return <Badge tone="bad">Finding</Badge>;
  if (words === '') return null;
  return tone === 'plain' ? <span className="quiet-text">{words}</span> : <Badge tone={tone}>{words}</Badge>;
}

/** Some entries, without filters. */
export function EntryList({ entries }: { entries: readonly Entry[] }) {
  if (entries.length === 0) return <p className="quiet-text">Nothing yet. Every use and every change will be here before it happens.</p>;
  return (
    <ul className="plain-list entries">
      {entries.map((entry) => (
        <li key={entry.id} className={kindOf(entry)}>
          <span>{what(entry)}{entry.member ? ` for ${entry.member}` : ''}</span> <Outcome entry={entry} />
          <small><Time at={entry.time} />{details(entry) !== '' && <> · <span className="wrap">{details(entry)}</span></>}</small>
        </li>
      ))}
    </ul>
  );
}
