// A service in the words of its form, and the file that defines it (docs/catalog.md). The server alone says whether it holds.
// SPDX-License-Identifier: Apache-2.0

export interface DraftVariable { name: string; value: string }
export interface DraftDenial { method: string; path: string; why: string }

export interface Draft {
  title: string;
  id: string;
  delivery: 'proxied' | 'injected';
  homes: 'both' | 'skill' | 'integration';
  hosts: string;
  slot: 'header' | 'query' | 'basic';
  placeName: string;
  scheme: string;
  passPrefix: string;
  variables: DraftVariable[];
  denied: DraftDenial[];
  checks: boolean;
  checkMethod: 'GET' | 'POST';
  checkPath: string;
  checkStatuses: string;
  consoleUrl: string;
}

export const emptyDraft: Draft = {
  title: '', id: '', delivery: 'proxied', homes: 'both', hosts: '', slot: 'header', placeName: 'authorization', scheme: 'Bearer', passPrefix: '',
  variables: [], denied: [], checks: false, checkMethod: 'GET', checkPath: '', checkStatuses: '401, 403', consoleUrl: '',
};

/** "My API 2" is my-api-2. */
export const idOf = (title: string): string => title.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '').slice(0, 32);

/** What most SDKs and tools would read. */
export function usualVariables(id: string, delivery: Draft['delivery']): DraftVariable[] {
  const stem = id === '' ? 'MY' : id.toUpperCase().replaceAll('-', '_').replace(/(.)_API$/, '$1');
  return delivery === 'proxied'
    ? [{ name: `${stem}_API_KEY`, value: '{pass}' }, { name: `${stem}_BASE_URL`, value: '{base}' }]
    : [{ name: `${stem}_TOKEN`, value: '{value}' }];
}

export interface Definition {
  text: string;
  /** Which field wrote each line, from the first. */
  fields: string[];
}

/** A basic string of TOML: what it escapes, JSON escapes the same. */
const quoted = (text: string): string => JSON.stringify(text);
const listed = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;
export const linesIn = (text: string): string[] => text.split(/[\n,]/).map((line) => line.trim()).filter((line) => line !== '');

/** Whole numbers as they are, the rest as text, so that the server says what is wrong with it. */
const numbered = (text: string): string => `[${linesIn(text).map((each) => (/^\d{1,9}$/.test(each) ? String(Number(each)) : quoted(each))).join(', ')}]`;

export function definitionOf(draft: Draft): Definition {
  const lines: string[] = [];
  const fields: string[] = [];
  const put = (field: string, line: string) => {
    lines.push(line);
    fields.push(field);
  };
  const isProxied = draft.delivery === 'proxied';
  put('id', `id = ${quoted(draft.id)}`);
  put('title', `title = ${quoted(draft.title)}`);
  put('delivery', `delivery = ${quoted(draft.delivery)}`);
  if (draft.homes !== 'both') put('homes', `homes = ${listed([draft.homes])}`);
  if (isProxied || draft.checks) {
    put('hosts', `hosts = ${listed(linesIn(draft.hosts))}`);
    const scheme = draft.slot === 'header' && draft.scheme !== '' ? `, scheme = ${quoted(draft.scheme)}` : '';
    put('place', `inject = { slot = ${quoted(draft.slot)}, name = ${quoted(draft.placeName)}${scheme} }`);
  }
  if (isProxied && draft.passPrefix !== '') put('passPrefix', `pass_prefix = ${quoted(draft.passPrefix)}`);
  if (draft.consoleUrl !== '') put('consoleUrl', `console_url = ${quoted(draft.consoleUrl)}`);
  draft.variables.forEach((each, at) => {
    put('', '');
    put(`variable-${at}`, '[[variable]]');
    put(`variable-${at}-name`, `name = ${quoted(each.name)}`);
    put(`variable-${at}-value`, `value = ${quoted(each.value)}`);
  });
  if (isProxied) draft.denied.forEach((each, at) => {
    put('', '');
    put(`denied-${at}`, '[[denied]]');
    if (each.method !== '*') put(`denied-${at}`, `method = ${quoted(each.method)}`);
    put(`denied-${at}-path`, `path = ${quoted(each.path)}`);
    put(`denied-${at}-why`, `why = ${quoted(each.why)}`);
  });
  if (draft.checks) {
    put('', '');
    put('check', '[check]');
    put('check', `method = ${quoted(draft.checkMethod)}`);
    put('checkPath', `path = ${quoted(draft.checkPath)}`);
    put('checkStatuses', `invalid_status = ${numbered(draft.checkStatuses)}`);
  }
  return { text: `${lines.join('\n')}\n`, fields };
}
