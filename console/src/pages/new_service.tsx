// A service of one's own: the form writes the file that defines it, and the server's own checker reads along. The operator puts it into the folder.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { useMay } from '../access';
import { definitionOf, emptyDraft, idOf, usualVariables, type Draft } from '../definition';
import { href } from '../route';
import { Choice, SelectField, TextArea, TextField } from '../ui/fields';
import { BackLink, Button, Notice, Page } from '../ui/pieces';
import { delivery } from '../words';
import { DefinitionCard, useVerdict } from './definition_card';

interface Part { draft: Draft; change: (next: Partial<Draft>) => void; wrong: (field: string) => string | undefined }

function Naming({ draft, change, wrong, onId }: Part & { onId: (id: string) => void }) {
  return (
    <>
      <div className="two">
        <TextField label="Its title" value={draft.title} onChange={(event) => change({ title: event.target.value })} maxLength={100} placeholder="Weather API" problem={wrong('title')} />
        <TextField label="Its name in commands" value={draft.id} onChange={(event) => onId(event.target.value)} maxLength={32} autoCapitalize="none" placeholder="weather" hint="a to z, 0 to 9 and -" problem={wrong('id')} />
      </div>
      <fieldset>
        <legend>How are its keys delivered?</legend>
        <Choice name="delivery" value="proxied" chosen={draft.delivery} onChoose={() => change({ delivery: 'proxied' })} title={delivery.proxied.short}>An API over HTTPS. The key never enters a workroom.</Choice>
        <Choice name="delivery" value="injected" chosen={draft.delivery} onChoose={() => change({ delivery: 'injected' })} title={delivery.injected.short}>For a tool that must hold it to work, and only for such.</Choice>
      </fieldset>
      <SelectField label="Whose may its keys be?" value={draft.homes} onChange={(event) => change({ homes: event.target.value as Draft['homes'] })} problem={wrong('homes')}>
        <option value="both">The tenant’s, or one member’s</option>
        <option value="skill">The tenant’s alone: skill secrets</option>
        <option value="integration">One member’s alone: integrations</option>
      </SelectField>
    </>
  );
}

const placeHints = { header: 'The header’s name, in lower case', query: 'The parameter’s name', basic: 'The user name beside the key; may be empty' } as const;

function Places({ draft, change, wrong }: Part) {
  return (
    <>
      <TextArea label="Hosts that the key may be sent to" value={draft.hosts} onChange={(event) => change({ hosts: event.target.value })} rows={2} placeholder="api.weather.example" hint="Exact names, one a line; the first is the default. No patterns, no ports." problem={wrong('hosts')} />
      <div className="two">
        <SelectField label="Where the key goes" value={draft.slot} onChange={(event) => change({ slot: event.target.value as Draft['slot'] })}>
          <option value="header">A header</option>
          <option value="query">The query</option>
          <option value="basic">Basic authentication, as the password</option>
        </SelectField>
        <TextField label="Called" value={draft.placeName} onChange={(event) => change({ placeName: event.target.value })} autoCapitalize="none" hint={placeHints[draft.slot]} problem={wrong('place')} />
        {draft.slot === 'header' && <TextField label="Word before the key" value={draft.scheme} onChange={(event) => change({ scheme: event.target.value })} autoCapitalize="none" placeholder="none" hint="Bearer, Token, or none" />}
        {draft.delivery === 'proxied' && <TextField label="What a key begins with" value={draft.passPrefix} onChange={(event) => change({ passPrefix: event.target.value })} autoCapitalize="none" placeholder="wx_" hint="So that tools which look at it are content with a pass" problem={wrong('passPrefix')} />}
      </div>
    </>
  );
}

function Variables({ draft, change, wrong }: Part) {
  const put = (at: number, next: Partial<Draft['variables'][number]>) => change({ variables: draft.variables.map((each, place) => (place === at ? { ...each, ...next } : each)) });
  return (
    <fieldset>
      <legend>Variables that a workroom gets</legend>
      <p className="hint">{draft.delivery === 'proxied' ? '{pass} is what stands in the key’s place, {base} the gateway’s address for this service.' : '{value} is the key, {url:value} the key percent-encoded.'}</p>
      {draft.variables.map((each, at) => (
        <div className="row-of-fields" key={at}>
          <TextField label={`Variable ${at + 1}`} value={each.name} onChange={(event) => put(at, { name: event.target.value })} autoCapitalize="characters" maxLength={64} problem={wrong(`variable-${at}-name`) ?? wrong(`variable-${at}`)} />
          <TextField label="Its value" value={each.value} onChange={(event) => put(at, { value: event.target.value })} autoCapitalize="none" problem={wrong(`variable-${at}-value`)} />
          <Button aria-label={`Leave out variable ${at + 1}`} onClick={() => change({ variables: draft.variables.filter((_, place) => place !== at) })}>Leave out</Button>
        </div>
      ))}
      <Button className="start" onClick={() => change({ variables: [...draft.variables, { name: '', value: draft.delivery === 'proxied' ? '{pass}' : '{value}' }] })}>Add a variable</Button>
    </fieldset>
  );
}

function Denials({ draft, change, wrong }: Part) {
  const put = (at: number, next: Partial<Draft['denied'][number]>) => change({ denied: draft.denied.map((each, place) => (place === at ? { ...each, ...next } : each)) });
  return (
    <fieldset>
      <legend>Routes that are refused</legend>
      <p className="hint">What shows or makes credentials, lets work outlive the session, or lends it to others. * is one segment, ** at the end any rest.</p>
      {draft.denied.map((each, at) => (
        <div className="row-of-fields three" key={at}>
          <SelectField label={`Method of route ${at + 1}`} value={each.method} onChange={(event) => put(at, { method: event.target.value })}>
            <option value="*">Any</option>
            {['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'WS'].map((method) => <option key={method}>{method}</option>)}
          </SelectField>
          <TextField label="Its path" value={each.path} onChange={(event) => put(at, { path: event.target.value })} autoCapitalize="none" placeholder="/v1/api-keys/**" problem={wrong(`denied-${at}-path`) ?? wrong(`denied-${at}`)} />
          <TextField label="Why" value={each.why} onChange={(event) => put(at, { why: event.target.value })} placeholder="makes keys" problem={wrong(`denied-${at}-why`)} />
          <Button aria-label={`Allow it: route ${at + 1}`} onClick={() => change({ denied: draft.denied.filter((_, place) => place !== at) })}>Allow it</Button>
        </div>
      ))}
      <Button className="start" onClick={() => change({ denied: [...draft.denied, { method: '*', path: '', why: '' }] })}>Refuse a route</Button>
    </fieldset>
  );
}

function Checking({ draft, change, wrong, places }: Part & { places: boolean }) {
  return (
    <fieldset>
      <legend>A call that checks a key</legend>
      <label className="tick"><input type="checkbox" checked={draft.checks} onChange={(event) => change({ checks: event.target.checked })} /><span>The provider has one that costs nothing</span></label>
      {draft.checks && (
        <>
          {places && <Places draft={draft} change={change} wrong={wrong} />}
          <div className="two">
            <SelectField label="Method" value={draft.checkMethod} onChange={(event) => change({ checkMethod: event.target.value as Draft['checkMethod'] })} problem={wrong('check')}><option>GET</option><option>POST</option></SelectField>
            <TextField label="Path" value={draft.checkPath} onChange={(event) => change({ checkPath: event.target.value })} autoCapitalize="none" placeholder="/v1/me" problem={wrong('checkPath')} />
            <TextField label="Statuses that mean a bad key" value={draft.checkStatuses} onChange={(event) => change({ checkStatuses: event.target.value })} inputMode="numeric" problem={wrong('checkStatuses')} />
          </div>
        </>
      )}
    </fieldset>
  );
}

const title = 'A service of your own';
const back = <BackLink href={href('services')}>Services</BackLink>;

export function NewService() {
  return useMay().has('administer') ? <Describing /> : <Page title={title} back={back}><Notice tone="plain">Owners and admins of the tenant, and the operator, write services.</Notice></Page>;
}

function Describing() {
  const [draft, setDraft] = useState<Draft>({ ...emptyDraft, variables: usualVariables('', 'proxied') });
  const [hasOwnId, setHasOwnId] = useState(false);
  const [hasOwnVariables, setHasOwnVariables] = useState(false);
  const [byHand, setByHand] = useState<string | null>(null);
  const made = definitionOf(draft);
  const text = byHand ?? made.text;
  const verdict = useVerdict(text);

  // Names follow the title, and variables the name, until somebody has chosen their own.
  const change = (next: Partial<Draft>) => {
    const merged = { ...draft, ...next };
    if (next.title !== undefined && !hasOwnId) merged.id = idOf(next.title);
    if (next.variables) setHasOwnVariables(true);
    else if (!hasOwnVariables || next.delivery) merged.variables = usualVariables(merged.id, merged.delivery);
    if (next.slot) merged.placeName = next.slot === 'header' ? 'authorization' : next.slot === 'query' ? 'key' : '';
    setDraft(merged);
  };
  const isBegun = byHand !== null || draft.title !== '' || draft.id !== '';
  const wrong = (field: string) => (isBegun && byHand === null && verdict.data && !verdict.data.accepted && verdict.text === text && made.fields[verdict.data.line - 1] === field ? `${verdict.data.why}.` : undefined);
  const part = { draft, change, wrong };
  return (
    <Page title={title} back={back} lead="What you say here becomes one file, which the server reads with you. It decides where keys may be sent and what workrooms get, so the operator puts it in its place.">
      <div className="with-story">
        <div className="card">
          {byHand === null
            ? <form onSubmit={(event) => event.preventDefault()} autoComplete="off" aria-label="The service">
                <Naming {...part} onId={(id) => { setHasOwnId(id !== ''); change({ id }); }} />
                {draft.delivery === 'proxied' && <Places {...part} />}
                <Variables {...part} />
                {draft.delivery === 'proxied' && <Denials {...part} />}
                <Checking {...part} places={draft.delivery === 'injected'} />
                <TextField label="Where people manage the key at the provider" type="url" value={draft.consoleUrl} onChange={(event) => change({ consoleUrl: event.target.value })} placeholder="https://weather.example/account/keys" problem={wrong('consoleUrl')} />
              </form>
            : <>
                <TextArea label="The definition" value={byHand} onChange={(event) => setByHand(event.target.value)} rows={24} hint="All that docs/catalog.md lists may stand in it: settings, logins, what a use costs, rewritten links." />
                <Button onClick={() => setByHand(null)}>Back to the form</Button>
              </>}
        </div>
        <DefinitionCard text={text} verdict={verdict} isBegun={isBegun} onByHand={byHand === null ? () => setByHand(made.text) : undefined} />
      </div>
    </Page>
  );
}
