// A receipt in plain words. SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';
import type { Receipt, Service } from '../api/client';
import { saveFile } from '../ui/files';
import { Icon } from '../ui/mark';
import { Button, Fact, Facts, OutsideLink, Time } from '../ui/pieces';
import { holderName, plural, sentence } from '../words';

const how: Record<string, string> = {
  acknowledged: 'has let go and said so',
  lease_ran_out: 'did not answer; its lease has run out, so it cannot use it',
  held_nothing: 'held nothing of it',
};

function Promise({ code, title, holds, open, children }: { code: string; title: string; holds: boolean; open: string; children: ReactNode }) {
  return (
    <li className={holds ? 'promise holds' : 'promise open'}>
      <Icon name={holds ? 'good' : 'warn'} className={holds ? 'good' : 'warn'} />
      <div>
        <p><strong>{title}</strong> <span className="code">{code}</span> <span className="verdict">{holds ? 'holds' : open}</span></p>
        <div className="promise-text">{children}</div>
      </div>
    </li>
  );
}

const save = (receipt: Receipt) => saveFile(`${receipt.receipt.id}.json`, 'application/json', JSON.stringify(receipt, null, 2));

export function ReceiptView({ receipt: signed, service }: { receipt: Receipt; service?: Service }) {
  const { receipt } = signed;
  const exposed = receipt.r2.processes.filter((process) => process.state === 'still_exposed');
  const isKey = receipt.reason === 'key_revoked';
  // A shred takes no key away: each revoke before it has a receipt of its own for the rest.
  const isShred = receipt.reason === 'shredded';
  return (
    <div className="receipt">
      <ul className="promises">
        {!isShred && <><Promise code="R1" title="Fenced" holds={receipt.r1.holds} open="does not hold">
          {receipt.r1.holders.length === 0
            ? <p>No gateway or runner held it. None can begin to use it any more.</p>
            : <ul>{receipt.r1.holders.map((holder) => (
                <li key={`${holder.holder} ${holder.at}`}><strong>{sentence(holderName(holder.role, holder.name))}</strong> {how[holder.how] ?? sentence(holder.how)}
                  {holder.connections_closed > 0 && `; ${plural(holder.connections_closed, 'connection')} closed`} (<Elapsed from={receipt.asked_at} to={holder.at} />)</li>))}</ul>}
        </Promise>
        <Promise code="R2" title="Withdrawn" holds={receipt.r2.holds} open="not yet">
          {receipt.r2.processes.length === 0
            ? <p>No process had been given its value.</p>
            : <ul>{receipt.r2.processes.map((process, at) => (
                <li key={at}>{process.name}{process.pid !== 0 && ` (process ${process.pid})`}: {process.state === 'dead' ? 'ended' : <strong>still exposed</strong>}</li>))}</ul>}
          {exposed.length > 0 && <p>End these by hand, and make a new key at the provider: what they hold is out of our reach.</p>}
        </Promise>
        <Promise code="R3" title="Destroyed at the source" holds={receipt.r3.holds} open="not claimed">
          {receipt.r3.why !== '' && <p>{sentence(receipt.r3.why)}.</p>}
          {receipt.r3.credentials && receipt.r3.credentials.length > 0 && (
            <ul>{receipt.r3.credentials.map((each) => <li key={each.id}>{each.name}: {each.state === 'destroyed' ? 'destroyed' : <strong>still exposed{each.why && `, ${each.why}`}</strong>}</li>)}</ul>)}
          {isKey && !receipt.r3.holds && service && service.console_url !== '' && (
            <p>Delete it in <OutsideLink href={service.console_url}>{service.title}’s own console</OutsideLink>: until then it is good wherever else it was copied.</p>)}
          {isKey && !receipt.r3.holds && service?.console_url === '' && <p>Delete it where it was made: until then it is good wherever else it was copied.</p>}
        </Promise>
        </>}
        <Promise code="R4" title="Unrecoverable" holds={receipt.r4.holds} open="not claimed">
          {receipt.r4.why !== '' ? <p>{sentence(receipt.r4.why)}.</p> : <p>No backup together with today’s key material opens it.</p>}
        </Promise>
      </ul>
      {isShred && <p className="quiet-text">R1 to R3 are not a shred’s: the receipt of each revoke says what it achieved.</p>}
      <Facts>
        <Fact name="Receipt"><span className="mono">{receipt.id}</span></Fact>
        <Fact name="Asked by">{receipt.asked_by}, <Time at={receipt.asked_at} /></Fact>
        <Fact name="Took"><Elapsed from={receipt.asked_at} to={receipt.completed_at} /></Fact>
      </Facts>
      <Button onClick={() => save(signed)}>Save the signed receipt</Button>
    </div>
  );
}

function Elapsed({ from, to }: { from: string; to: string }) {
  const milliseconds = Math.max(0, Date.parse(to) - Date.parse(from));
  return <>{milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`}</>;
}
