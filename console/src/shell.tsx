// What stands around every page: where one can go, whose things are shown, whether it is live. SPDX-License-Identifier: Apache-2.0
import { Dialog } from '@base-ui/react/dialog';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { Liveness } from './api/events';
import { nameOf, useMay } from './access';
import { signOut } from './api/sign_in';
import { useNotices, useTenants } from './api/queries';
import { useLiveUpdates } from './live';
import { href, useRoute, type Page, type Route } from './route';
import { ScopeContext } from './scope';
import { Guarded } from './ui/dangers';
import { SelectField } from './ui/fields';
import { Icon } from './ui/mark';
import { Button } from './ui/pieces';
import { plural } from './words';
import { Activity } from './pages/activity';
import { Connect } from './pages/connect';
import { KeyPage } from './pages/key';
import { Keys } from './pages/keys';
import { Members } from './pages/members';
import { NewService } from './pages/new_service';
import { Notices } from './pages/notices';
import { Promises } from './pages/promises';
import { Services } from './pages/services';
import { SessionPage } from './pages/session';
import { Sessions } from './pages/sessions';
import { Settings } from './pages/settings';

const links: { page: Page; name: string }[] = [
  { page: 'keys', name: 'Keys' },
  { page: 'notices', name: 'Notices' },
  { page: 'connect', name: 'Connect a key' },
  { page: 'sessions', name: 'Sessions' },
  { page: 'activity', name: 'Activity' },
  { page: 'services', name: 'Services' },
  { page: 'members', name: 'Members' },
  { page: 'settings', name: 'Settings' },
  { page: 'promises', name: 'How your keys are stored' },
];

function pageOf({ page, item }: Route): ReactNode {
  switch (page) {
    case 'keys': return item === '' ? <Keys /> : <KeyPage id={item} key={item} />;
    case 'connect': return <Connect service={item} key={item} />;
    case 'sessions': return item === '' ? <Sessions /> : <SessionPage id={item} key={item} />;
    case 'activity': return <Activity item={item} key={item} />;
    case 'notices': return <Notices />;
    case 'services': return item === 'new' ? <NewService /> : <Services />;
    case 'members': return <Members />;
    case 'settings': return <Settings />;
    case 'promises': return <Promises />;
  }
}

/** How many notices there are; nothing where there are none. */
const Count = ({ of }: { of: number }) => (of === 0 ? null : <span className="alarm">{of > 99 ? '99+' : of}<span className="unseen"> {of === 1 ? 'key wants' : 'keys want'} somebody</span></span>);

function Links({ current, notices, onGo }: { current: Page; notices: number; onGo?: () => void }) {
  return (
    <nav aria-label="Pages">
      <ul className="links">
        {links.map(({ page, name }) => (
          <li key={page}>
            <a href={href(page)} aria-current={page === current ? 'page' : undefined} onClick={onGo}><Icon name={page} />{name}{page === 'notices' && <Count of={notices} />}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const livenessWords: Record<Liveness, string> = { connecting: 'Connecting…', live: 'Live', away: 'Not live; trying again' };

function Around({ tenant, choose, names, live }: { tenant: string; choose: (tenant: string) => void; names: string[]; live: Liveness }) {
  return (
    <div className="around">
      {names.length > 1 && (
        <SelectField label="Tenant" value={tenant} onChange={(event) => choose(event.target.value)}>
          <option value="">All tenants</option>
          {names.map((name) => <option key={name}>{name}</option>)}
        </SelectField>
      )}
      <p className={`liveness ${live}`} role="status">{livenessWords[live]}</p>
      <p className="who">Signed in as {nameOf(useMay().who)}</p>
      <Button kind="quiet" onClick={() => void signOut()}>Sign out</Button>
    </div>
  );
}

function Brand() {
  return <a className="brand" href={href('keys')}><img src="/icon.svg" alt="" width="26" height="26" />Strongroom</a>;
}

const scopePlace = 'strongroom-tenant';

export function Shell() {
  const route = useRoute();
  const live = useLiveUpdates();
  const { data } = useTenants();
  const tenants = useMemo(() => (data ?? []).filter((each) => each.state === 'active'), [data]);
  const [wanted, setWanted] = useState(() => sessionStorage.getItem(scopePlace) ?? '');
  const tenant = tenants.length === 1 ? tenants[0]!.name : tenants.some((each) => each.name === wanted) ? wanted : '';
  const choose = (next: string) => {
    sessionStorage.setItem(scopePlace, next);
    setWanted(next);
  };
  const scope = useMemo(() => ({ tenant, choose, tenants }), [tenant, tenants]);
  const [menu, setMenu] = useState(false);
  const notices = useNotices(tenant).data?.length ?? 0;

  // A page that was gone to begins at its top, for eyes and for screen readers.
  const shown = useRef(`${route.page}/${route.item}`);
  useEffect(() => {
    const now = `${route.page}/${route.item}`;
    if (shown.current === now) return;
    shown.current = now;
    window.scrollTo(0, 0);
    document.getElementById('page-title')?.focus({ preventScroll: true });
  }, [route]);

  const around = <Around tenant={tenant} choose={choose} names={tenants.map((each) => each.name)} live={live} />;
  return (
    <ScopeContext value={scope}>
      <button type="button" className="skip" onClick={() => document.getElementById('page-title')?.focus()}>Skip to content</button>
      <div className="shell">
        <header className="side">
          <Brand />
          <div className="side-rest"><Links current={route.page} notices={notices} />{around}</div>
          <p className="unseen" role="status">{notices > 0 && `${plural(notices, 'notice')}`}</p>
          <a className={`button quiet bell ${notices > 0 ? 'rings' : ''}`} href={href('notices')} aria-label={notices > 0 ? plural(notices, 'notice') : 'Notices'}><Icon name="notices" />{notices > 0 && <span className="alarm" aria-hidden="true">{notices > 99 ? '99+' : notices}</span>}</a>
          <Dialog.Root open={menu} onOpenChange={setMenu}>
            <Dialog.Trigger className="button quiet menu-button" aria-label="Menu"><Icon name="menu" /></Dialog.Trigger>
            <Dialog.Portal>
              <Dialog.Backdrop className="backdrop" />
              <Dialog.Popup className="drawer" aria-label="Menu">
                <div className="drawer-head"><Brand /><Dialog.Close className="button quiet" aria-label="Close the menu"><Icon name="close" /></Dialog.Close></div>
                <Links current={route.page} notices={notices} onGo={() => setMenu(false)} />
                {around}
              </Dialog.Popup>
            </Dialog.Portal>
          </Dialog.Root>
        </header>
        <main id="main">
          <Guarded key={`${route.page}/${route.item}`}>{pageOf(route)}</Guarded>
        </main>
      </div>
    </ScopeContext>
  );
}
