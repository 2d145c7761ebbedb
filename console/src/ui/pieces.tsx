// Small pieces that all pages are made of. SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef, useState, type ComponentProps, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { keyState, when, type Tone } from '../words';
import { Icon, type IconName } from './mark';

export function Button({ kind = 'plain', busy = false, children, ...rest }: ComponentProps<'button'> & { kind?: 'plain' | 'primary' | 'danger' | 'quiet'; busy?: boolean }) {
  return (
    <button type="button" {...rest} className={`button ${kind} ${rest.className ?? ''}`} aria-busy={busy || undefined} disabled={busy || rest.disabled}>
      {busy && <Icon name="wait" className="turning" />}
      {children}
    </button>
  );
}

export function ButtonLink({ kind = 'plain', children, ...rest }: ComponentProps<'a'> & { kind?: 'plain' | 'primary' | 'quiet' }) {
  return <a {...rest} className={`button ${kind} ${rest.className ?? ''}`}>{children}</a>;
}

/** A page of somebody else's, in a tab of its own that knows nothing of this one. */
export function OutsideLink({ href, children }: { href: string; children: ReactNode }) {
  if (!/^https:\/\//.test(href)) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
      <Icon name="out" className="small" />
      <span className="unseen"> (opens in a new tab)</span>
    </a>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge ${tone}`}><Icon name={tone} className="small" />{children}</span>;
}

export function StateBadge({ state }: { state: string }) {
  const { name, tone } = keyState(state);
  return <Badge tone={tone}>{name}</Badge>;
}

/** A time in words that go on being right. */
export function Time({ at, never = 'never' }: { at: string | null | undefined; never?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 20_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <>{never}</>;
  return <time dateTime={at} title={new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' })}>{when(at)}</time>;
}

export function Page({ title, lead, actions, back, children }: { title: string; lead?: ReactNode; actions?: ReactNode; back?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Strongroom`;
  }, [title]);
  return (
    <>
      {back}
      <div className="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1} id="page-title">{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {children}
    </>
  );
}

export function BackLink({ href, children }: { href: string; children: ReactNode }) {
  return <a className="back" href={href}><Icon name="back" className="small" />{children}</a>;
}

export function Card({ title, children, className = '', actions }: { title?: ReactNode; children: ReactNode; className?: string; actions?: ReactNode }) {
  return (
    <section className={`card ${className}`}>
      {(title || actions) && <div className="card-head">{title && <h2>{title}</h2>}{actions}</div>}
      {children}
    </section>
  );
}

/** Nothing is here yet: what would be, and how it gets there. */
export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} className="large" />
      <p className="empty-title">{title}</p>
      {children && <div className="empty-text">{children}</div>}
      {action}
    </div>
  );
}

/** What went wrong and what to do about it. */
export function Problem({ error, children }: { error: unknown; children?: ReactNode }) {
  if (!error) return null;
  const known = error instanceof ApiError ? error : null;
  return (
    <div className="problem" role="alert">
      <Icon name="bad" />
      <div>
        <p><strong>{known ? known.message : 'Something went wrong in this page'}</strong></p>
        {(known?.hint ?? '') !== '' && <p>{known?.hint}</p>}
        {!known && <p>{error instanceof Error ? error.message : 'Try again; if it happens again, the server’s log tells more.'}</p>}
        {children}
      </div>
    </div>
  );
}

export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <div className={`notice ${tone}`}><Icon name={tone} /><div>{children}</div></div>;
}

export function Loading({ what }: { what: string }) {
  return <p className="loading" role="status"><Icon name="wait" className="turning" /> Loading {what}…</p>;
}

export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

/** A command to be copied. */
export function Command({ children, label = 'Command' }: { children: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(children);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <div className="command">
      <code>{children}</code>
      {'clipboard' in navigator && <Button kind="quiet" onClick={() => void copy()} aria-label={`Copy: ${label}`}>{copied ? 'Copied' : 'Copy'}</Button>}
    </div>
  );
}
