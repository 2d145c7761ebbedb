// The console: pages over the control API and nothing else. Text enters the page by textContent only.
// SPDX-License-Identifier: Apache-2.0

const $ = (id) => document.getElementById(id);
const pages = ['keys', 'sessions', 'activity'];
const state = { token: sessionStorage.getItem('operator-token'), oldest: null, entries: [] };

// --- The control API ---

class ApiError extends Error {
  constructor(status, error) {
    super(error?.message ?? `The server answered ${status}`);
    this.status = status;
    this.hint = error?.hint;
  }
}

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${state.token}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const answer = await fetch(`/api/v1${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', credentials: 'omit',
  });
  const text = await answer.text();
  const document = text === '' ? null : JSON.parse(text);
  if (answer.status === 401) signOut('That token is not known here.');
  if (!answer.ok) throw new ApiError(answer.status, document?.error);
  return document;
}

const query = (values) => {
  const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== '' && value != null)).toString();
  return text === '' ? '' : `?${text}`;
};

// --- Small pieces of page ---

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') node.className = value;
    else if (name === 'label') node.dataset.label = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node[name] = value;
  }
  for (const child of children) if (child != null) node.append(child);
  return node;
}

const cell = (label, ...children) => make('td', { label }, ...children);
const small = (text) => make('small', { textContent: text });
const option = (value, text) => make('option', { value, textContent: text });

function when(time) {
  if (!time) return 'never';
  const seconds = (Date.now() - Date.parse(time)) / 1000;
  if (seconds >= 0 && seconds < 60) return 'just now';
  if (seconds >= 0 && seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return new Date(time).toLocaleString();
}

const timeNode = (time) => make('time', { dateTime: time ?? '', title: time ?? '', textContent: when(time) });

function notice(text, kind = '') {
  $('notice').textContent = text;
  $('notice').className = `notice ${kind}`;
  $('notice').hidden = text === '';
}

function report(error) {
  if (error.status === 401) return;
  notice(error.hint ? `${error.message} (${error.hint})` : error.message, 'bad');
}

function fill(table, rows, empty) {
  $(table).replaceChildren(...rows);
  $(empty).hidden = rows.length > 0;
  $(table).closest('table').hidden = rows.length === 0;
}

// --- Keys ---

const deliveryWords = {
  proxied: 'Never enters a workroom: the gateway adds it to requests',
  injected: 'Set as variables inside the workroom while a session runs',
};
const stateWords = {
  active: ['Active', 'good'],
  rejected_by_provider: ['Rejected by the provider', 'warn'],
  revoked: ['Revoked', 'bad'],
};

function stateNode(word) {
  const [text, kind] = stateWords[word] ?? [word, ''];
  return make('span', { class: kind, textContent: text });
}

function keyRow(key) {
  const home = key.home === 'integration' ? `${key.owner}'s integration` : 'Skill secret';
  const revoke = make('button', { type: 'button', class: 'danger', textContent: 'Revoke', onclick: () => confirmRevoke(key) });
  revoke.setAttribute('aria-label', `Revoke ${key.service} ${key.label}`);
  return make('tr', {},
    cell('Service', key.service, key.last_characters ? small(`ends in ${key.last_characters}`) : null),
    cell('Label', key.label),
    cell('Home', home, small(key.tenant)),
    cell('Delivery', deliveryWords[key.delivery] ?? key.delivery),
    cell('State', stateNode(key.state)),
    cell('Version', String(key.version)),
    cell('Last used', timeNode(key.last_used)),
    cell('', key.state === 'revoked' ? null : revoke));
}

async function showKeys() {
  const keys = await call('GET', `/keys${query({ tenant: $('tenant').value })}`);
  fill('key-rows', keys.map(keyRow), 'key-empty');
}

function confirmRevoke(key) {
  ask({
    title: `Revoke ${key.service} (${key.label})?`,
    text: key.delivery === 'proxied'
      ? 'New uses are refused and open connections that carry it are closed before this answers. It cannot be undone.'
      : 'Processes that were given it are ended before this answers, or named in the receipt. It cannot be undone.',
    go: 'Revoke',
    act: async () => {
      const receipt = await call('POST', `/keys/${encodeURIComponent(key.id)}/revoke`, {});
      showReceipt(receipt);
    },
  });
}

// --- Adding a key ---

let services = [];

// A link of an agent whose service is not connected: #connect=SERVICE.
function wantedService() {
  return /^#connect=([a-z0-9-]{1,32})$/.exec(location.hash)?.[1];
}

async function openAdd(wanted) {
  const tenants = (await call('GET', '/tenants')).filter((tenant) => tenant.state === 'active');
  services = await call('GET', '/services');
  if (tenants.length === 0) return notice('Add a tenant first: strongroom tenant add NAME', 'warn');
  $('add-tenant').replaceChildren(...tenants.map((tenant) => option(tenant.name, tenant.name)));
  if ($('tenant').value) $('add-tenant').value = $('tenant').value;
  $('add-service').replaceChildren(...services.map((service) => option(service.id, service.title || service.id)));
  if (services.some((service) => service.id === wanted)) $('add-service').value = wanted;
  $('add-value').value = '';
  $('add-label').value = '';
  $('add-error').textContent = '';
  $('add-dialog').showModal();
  await chooseAdd();
}

function chosenService() {
  return services.find((service) => service.id === $('add-service').value);
}

async function chooseAdd() {
  const service = chosenService();
  if (!service) return;
  $('add-delivery').textContent = `${deliveryWords[service.delivery]}.`;
  const members = service.homes.includes('integration') ? await call('GET', `/members${query({ tenant: $('add-tenant').value })}`) : [];
  const choices = members.map((member) => option(member.name, `${member.name} (personal integration)`));
  if (service.homes.includes('skill')) choices.unshift(option('', 'The tenant, for all its agents (skill secret)'));
  $('add-member').replaceChildren(...choices);
  $('add-settings').replaceChildren(...service.settings.flatMap(settingField));
}

function settingField(setting) {
  const id = `setting-${setting.name}`;
  return [
    make('label', { htmlFor: id, textContent: setting.name }),
    make('input', { id, name: setting.name, required: setting.required, placeholder: setting.default, autocomplete: 'off', spellcheck: false }),
    make('p', { class: 'hint', textContent: setting.help }),
  ];
}

async function store(event) {
  event.preventDefault();
  const value = $('add-value').value;
  $('add-value').value = '';  // gone from the page whatever comes next
  const settings = {};
  for (const field of $('add-settings').querySelectorAll('input')) if (field.value) settings[field.name] = field.value;
  const body = { tenant: $('add-tenant').value, service: $('add-service').value, value, settings };
  if ($('add-label').value) body.label = $('add-label').value;
  if ($('add-member').value) body.member = $('add-member').value;
  try {
    const key = await call('POST', '/keys', body);
    $('add-dialog').close();
    notice(`Stored ${key.service} (${key.label}).`);
    await show();
  } catch (error) {
    $('add-error').textContent = error.message;
    $('add-value').focus();
  }
}

// --- Sessions ---

function sessionRow(session) {
  const isOpen = session.state === 'open';
  const end = make('button', { type: 'button', class: 'danger', textContent: 'End', onclick: () => confirmEnd(session) });
  end.setAttribute('aria-label', `End the session of ${session.member}`);
  return make('tr', {},
    cell('Member', session.member, small(session.id)),
    cell('Tenant', session.tenant),
    cell('Services', session.grants.map((grant) => `${grant.service}:${grant.label}`).join(', ') || 'none'),
    cell('State', make('span', { class: isOpen ? 'good' : '', textContent: isOpen ? 'Open' : 'Ended' }), session.ended_why ? small(session.ended_why) : null),
    cell('Started', timeNode(session.started)),
    cell('Ends', timeNode(session.ended ?? session.expires)),
    cell('', isOpen ? end : null));
}

async function showSessions() {
  const sessions = await call('GET', `/sessions${query({ tenant: $('tenant').value })}`);
  fill('session-rows', sessions.map(sessionRow), 'session-empty');
}

function confirmEnd(session) {
  ask({
    title: `End the session of ${session.member}?`,
    text: 'Its passes die, its connections are closed and its processes are ended.',
    go: 'End session',
    act: async () => showReceipt(await call('POST', `/sessions/${encodeURIComponent(session.id)}/end`, {})),
  });
}

// --- Activity ---

function entryDetails(entry) {
  if (entry.method) return `${entry.method} ${entry.host ?? ''}${entry.path ?? ''}`;
  return entry.detail ?? entry.what ?? '';
}

function entryRow(entry) {
  const outcome = [entry.status, entry.outcome].filter((part) => part !== undefined && part !== '' && part !== 0).join(' ');
  return make('tr', {},
    cell('Time', timeNode(entry.time)),
    cell('What', String(entry.action ?? '')),
    cell('Who', String(entry.actor ?? entry.member ?? ''), entry.tenant ? small(String(entry.tenant)) : null),
    cell('Service', String(entry.service ?? '')),
    cell('Details', String(entryDetails(entry))),
    cell('Outcome', outcome));
}

const pageSize = 100;

async function showActivity(older = false) {
  const before = older ? state.oldest : '';
  const entries = await call('GET', `/audit${query({ tenant: $('tenant').value, before, limit: pageSize })}`);
  state.entries = older ? state.entries.concat(entries) : entries;
  state.oldest = entries.at(-1)?.id ?? state.oldest;
  $('more').hidden = entries.length < pageSize;
  fill('activity-rows', state.entries.map(entryRow), 'activity-empty');
}

// --- Dialogs ---

function ask({ title, text, go, act }) {
  $('confirm-title').textContent = title;
  $('confirm-text').textContent = text;
  const button = $('confirm-go');
  button.textContent = go;
  button.disabled = false;
  button.onclick = async () => {
    button.disabled = true;
    button.textContent = 'Working…';
    try {
      await act();
      await show();
    } catch (error) {
      report(error);
    }
    $('confirm-dialog').close();
  };
  $('confirm-dialog').showModal();
}

const promises = [['r1', 'R1 fenced'], ['r2', 'R2 withdrawn'], ['r3', 'R3 destroyed at the source'], ['r4', 'R4 unrecoverable']];

function showReceipt(document) {
  const receipt = document.receipt ?? {};
  const rows = promises.filter(([name]) => receipt[name]).flatMap(([name, meaning]) => {
    const promise = receipt[name];
    const text = promise.holds ? 'holds' : 'not claimed';
    return [make('dt', { textContent: meaning }),
            make('dd', { class: promise.holds ? 'good' : 'warn', textContent: promise.why ? `${text}: ${promise.why}` : text })];
  });
  $('receipt-promises').replaceChildren(make('dt', { textContent: 'Receipt' }), make('dd', { textContent: receipt.id ?? '' }), ...rows);
  const lines = [
    ...(receipt.r1?.holders ?? []).map((holder) =>
      `${holder.name}: ${holder.how.replaceAll('_', ' ')}, ${holder.connections_closed} connections closed`),
    ...(receipt.r2?.processes ?? []).map((process) => `Process ${process.pid} ${process.name}: ${process.state.replaceAll('_', ' ')}`),
  ];
  $('receipt-holders').replaceChildren(make('ul', {}, ...lines.map((line) => make('li', { textContent: line }))));
  $('receipt-document').textContent = JSON.stringify(document, null, 2);
  $('receipt-dialog').showModal();
}

// --- Pages ---

const shows = { keys: showKeys, sessions: showSessions, activity: showActivity };

function currentPage() {
  const name = location.hash.slice(1);
  return pages.includes(name) ? name : 'keys';
}

async function show() {
  const isSignedIn = Boolean(state.token);
  const page = currentPage();
  $('sign-in').hidden = isSignedIn;
  $('nav').hidden = !isSignedIn;
  $('tools').hidden = !isSignedIn;
  for (const name of pages) $(name).hidden = !isSignedIn || name !== page;
  for (const link of $('nav').children) {
    if (link.hash === `#${page}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!isSignedIn) return $('token').focus();
  try {
    await shows[page]();
    const wanted = wantedService();
    if (wanted) {
      history.replaceState(null, '', '#keys');
      await openAdd(wanted);
    }
  } catch (error) {
    report(error);
  }
}

async function loadTenants() {
  const chosen = $('tenant').value;
  const tenants = await call('GET', '/tenants');
  $('tenant').replaceChildren(option('', 'All'), ...tenants.map((tenant) => option(tenant.name, tenant.name)));
  $('tenant').value = tenants.some((tenant) => tenant.name === chosen) ? chosen : '';
}

async function signIn(event) {
  event.preventDefault();
  state.token = $('token').value.trim();
  $('token').value = '';
  try {
    await loadTenants();
    sessionStorage.setItem('operator-token', state.token);
    notice('');
    await show();
  } catch (error) {
    report(error);
  }
}

function signOut(why = '') {
  state.token = null;
  sessionStorage.removeItem('operator-token');
  for (const rows of ['key-rows', 'session-rows', 'activity-rows']) $(rows).replaceChildren();
  notice(why, why ? 'bad' : '');
  show();
}

async function refresh() {
  try {
    await loadTenants();
  } catch (error) {
    return report(error);
  }
  notice('');
  await show();
}

$('sign-in-form').addEventListener('submit', signIn);
$('sign-out').addEventListener('click', () => signOut());
$('refresh').addEventListener('click', refresh);
$('tenant').addEventListener('change', show);
$('add-key').addEventListener('click', () => openAdd().catch(report));
$('add-form').addEventListener('submit', store);
$('add-service').addEventListener('change', () => chooseAdd().catch(report));
$('add-tenant').addEventListener('change', () => chooseAdd().catch(report));
$('add-dialog').addEventListener('close', () => { $('add-value').value = ''; });
$('more').addEventListener('click', () => showActivity(true).catch(report));
for (const button of document.querySelectorAll('dialog .close')) button.addEventListener('click', () => button.closest('dialog').close());
window.addEventListener('hashchange', () => { notice(''); show().then(() => $('main').focus({ preventScroll: true })); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && state.token && !document.querySelector('dialog[open]')) show(); });

if (state.token) refresh();
else show();
