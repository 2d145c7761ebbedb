// Inviting a member: the link is shown once. SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { api, result, type AddedInvitation, type Member } from '../api/client';
import { refresh } from '../api/queries';
import { Question } from '../ui/dialogs';
import { Button, Command, Problem, Time } from '../ui/pieces';

export function Invite({ member, onClose }: { member: Member; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [added, setAdded] = useState<AddedInvitation | null>(null);
  const act = () => {
    setBusy(true);
    setProblem(null);
    result(api.POST('/api/v1/invitations', { body: { tenant: member.tenant, member: member.name } })).then(setAdded).catch(setProblem).finally(() => { setBusy(false); refresh('record'); });
  };
  if (added)
    return (
      <Question open onClose={onClose} title={`The link for ${member.name}`} text={<>Send it to them by a way that only they read. It is shown this one time, and good once; it ends <Time at={added.expires} />.</>}
        actions={<Button kind="primary" onClick={onClose}>It is sent</Button>}>
        <Command label="the link">{added.link}</Command>
      </Question>
    );
  return (
    <Question open onClose={() => { if (!busy) onClose(); }} title={`Invite ${member.name}?`}
      text="You get a link by which they choose a password, once. When it is used, everything by which anybody was signed in as them before ends, their tokens included; a link made earlier is good for nothing at once."
      actions={<><Button onClick={onClose} disabled={busy}>Cancel</Button><Button kind="primary" busy={busy} onClick={act}>Make the link</Button></>}>
      <Problem error={problem} />
    </Question>
  );
}
