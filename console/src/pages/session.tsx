// One session, live. SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'react';
import { useMay } from '../access';
import type { SessionEvent } from '../api/client';
import { follow } from '../api/events';
import { useRecord, useServices, useSession } from '../api/queries';
import { go, href } from '../route';
import { ServiceMark } from '../ui/mark';
import { BackLink, Badge, Button, Card, Fact, Facts, Loading, Page, Problem, Time } from '../ui/pieces';
import { delivery, holderName, number, octets, sentence, titleOf } from '../words';
import { EntryList } from './record';
import { EndSession, Labels } from './sessions';

function useStory(id: string): SessionEvent[] {
  const [events, setEvents] = useState<SessionEvent[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    setEvents([]);
    void follow(`/api/v1/sessions/${encodeURIComponent(id)}/events`, { onEvent: (event) => setEvents((before) => [...before, event]), onEnd: () => {} }, stop.signal);
    return () => stop.abort();
  }, [id]);
  return events;
}

const eventWords = (event: SessionEvent): string => {
  switch (event.event) {
    case 'started': return `Started on behalf of ${event.member ?? ''}`;
    case 'attached': return 'A runner is there';
    case 'key_revoked': return `A key was revoked: ${event.service ?? ''} (${event.label ?? ''})`;
    case 'ending': return `Ending: ${event.why ?? ''}`;
    case 'ended': return event.withdrawn === false ? `Ended: ${event.why ?? ''}; not every process is known to be dead` : `Ended: ${event.why ?? ''}`;
    default: return 'What came before is not kept any more';
  }
};

export function SessionPage({ id }: { id: string }) {
  const { data: session, error } = useSession(id);
  const { data: services } = useServices();
  const may = useMay();
  const record = useRecord({ session: id }, 50);
  const story = useStory(id);
  const [ending, setEnding] = useState(false);
  const back = <BackLink href={href('sessions')}>Sessions</BackLink>;
  if (!session) return <Page title="Session" back={back}>{error ? <Problem error={error} /> : <Loading what="the session" />}</Page>;
  const isOpen = session.state === 'open';
  return (
    <Page title={`Session of ${session.member}`} back={back}
      lead={<span className="title-line">{isOpen ? <Badge tone="good">Running</Badge> : <Badge tone="plain">Ended</Badge>} tenant {session.tenant} <Labels labels={session.labels} /></span>}
      actions={isOpen && may.end(session) && <Button kind="danger" onClick={() => setEnding(true)}>End it</Button>}>
      {session.traffic && (
        <ul className="figures">
          <li><strong>{number(session.traffic.uses)}</strong> {session.traffic.uses === 1 ? 'use' : 'uses'}</li>
          <li><strong>{number(session.traffic.under_way)}</strong> under way</li>
          <li><strong>{octets(session.traffic.bytes_up)}</strong> sent</li>
          <li><strong>{octets(session.traffic.bytes_down)}</strong> received</li>
        </ul>
      )}
      <div className="grid">
        <Card title="Keys that serve it">
          <ul className="plain-list">
            {session.grants.map((grant) => (
              <li key={grant.id} className="with-mark"><ServiceMark service={grant.service} /><div><a href={href('keys', grant.key)}>{titleOf(services, grant.service)} ({grant.label})</a><small>{delivery[grant.delivery].short}</small></div></li>
            ))}
            {session.grants.length === 0 && <li>None: it may use no key.</li>}
          </ul>
          {session.credentials.length > 0 && <><h3>Made at the source for it alone</h3><ul className="plain-list">{session.credentials.map((each) => <li key={each.id}><span className="mono">{each.name}</span>: {sentence(each.state)}{each.why !== '' && <small>{each.why}</small>}</li>)}</ul></>}
        </Card>
        {isOpen && (
          <Card title="Who has something of it right now">
            <ul className="plain-list">
              {(session.holders ?? []).map((holder) => <li key={holder.holder}><strong>{sentence(holderName(holder.role, holder.name))}</strong><small>since <Time at={holder.since} />, {holder.keys.length === 0 ? 'no key' : `${holder.keys.length} of its keys`}</small></li>)}
              {(session.holders ?? []).length === 0 && <li className="quiet-text">Nobody: a lease is taken at the first use.</li>}
            </ul>
          </Card>
        )}
        <Card title="What happened">
          <ol className="timeline">
            {story.map((event, at) => <li key={event.id ?? at} className={event.event}>{eventWords(event)}{event.at && <small><Time at={event.at} /></small>}</li>)}
          </ol>
        </Card>
        <Card title="Facts">
          <Facts>
            <Fact name="Started"><Time at={session.started} /></Fact>
            <Fact name={isOpen ? 'Ends by itself' : 'Ended'}><Time at={isOpen ? session.expires : session.ended} /></Fact>
            {!isOpen && session.ended_why !== '' && <Fact name="Why">{sentence(session.ended_why)}</Fact>}
            {isOpen && session.last_active && <Fact name="Last active"><Time at={session.last_active} /></Fact>}
            {session.idle_limit_seconds > 0 && <Fact name="Idle limit">{number(session.idle_limit_seconds)} s</Fact>}
            <Fact name="Runtime">{session.runtime}</Fact>
            <Fact name="Id"><span className="mono">{session.id}</span></Fact>
          </Facts>
        </Card>
      </div>
      <Card title="Uses" actions={<Button kind="quiet" onClick={() => go('activity', session.id)}>All of it</Button>}><EntryList entries={(record.data?.pages[0] ?? []).slice(0, 12)} /></Card>
      <EndSession session={ending ? session : null} onClose={() => setEnding(false)} />
    </Page>
  );
}
