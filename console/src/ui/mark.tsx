// Simple marks of our own for services; no provider's logo. SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';

const glyphs: Record<string, ReactNode> = {
  gemini: <path d="M12 4c.8 4.6 3.4 7.200 8 8-4.600.8-7.200 3.400-8 8-.8-4.600-3.400-7.200-8-8 4.600-.8 7.200-3.400 8-8Z" fill="currentColor" />,
  elevenlabs: <path d="M9 5v14M15 5v14" strokeWidth="3" />,
  heygen: <><circle cx="12" cy="9" r="3.500" /><path d="M5.500 19c1-3.600 3.500-5 6.500-5s5.500 1.400 6.500 5" /></>,
  firecrawl: <path d="M12 4c1 3.500 5 5.500 5 10a5 5 0 0 1-10 0c0-2 1-3.200 2-4 .2 1.500.8 2.300 1.700 2.600C10.300 9.500 10.500 6.500 12 4Z" />,
  openai: <><path d="M12 4.500 18.500 8.200v7.600L12 19.500l-6.500-3.700V8.200Z" /><circle cx="12" cy="12" r="2.500" /></>,
  anthropic: <path d="M6 19 12 5l6 14M8.300 14h7.400" />,
  git: <><circle cx="7" cy="6" r="2" /><circle cx="7" cy="18" r="2" /><circle cx="17" cy="9" r="2" /><path d="M7 8v8M17 11c0 3-4 3-8.500 5" /></>,
  github: <><circle cx="7" cy="6" r="2" /><circle cx="7" cy="18" r="2" /><circle cx="17" cy="6" r="2" /><path d="M7 8v8M17 8c0 4-5 4-9 8" /></>,
  gitlab: <><circle cx="7" cy="6" r="2" /><circle cx="7" cy="18" r="2" /><circle cx="17" cy="13" r="2" /><path d="M7 8v8M8 7.500c1 3.500 4 5.500 7 5.500" /></>,
  postgres: <><ellipse cx="12" cy="6.500" rx="6.500" ry="2.500" /><path d="M5.500 6.500v11c0 3.300 13 3.300 13 0v-11M5.500 12c0 3.300 13 3.300 13 0" /></>,
  mysql: <><ellipse cx="12" cy="6.500" rx="6.500" ry="2.500" /><path d="M5.500 6.500v11c0 3.300 13 3.300 13 0v-11M8.500 14c1.500-1.500 2.500 1.500 4 0s2.500-1 3 0" /></>,
  tailscale: <g fill="currentColor" stroke="none"><circle cx="6" cy="6" r="2" opacity=".4" /><circle cx="12" cy="6" r="2" opacity=".4" /><circle cx="18" cy="6" r="2" opacity=".4" /><circle cx="6" cy="12" r="2" /><circle cx="12" cy="12" r="2" /><circle cx="18" cy="12" r="2" /><circle cx="6" cy="18" r="2" opacity=".4" /><circle cx="12" cy="18" r="2" /><circle cx="18" cy="18" r="2" opacity=".4" /></g>,
  bitbucket: <><path d="M5.500 6h13l-2 12.500h-9Z" /><path d="M9.500 10.500h5" /></>,
  google: <><circle cx="12" cy="12" r="7" /><path d="M12 12h7" /></>,
  microsoft: <><rect x="4.500" y="5" width="15" height="14" rx="2" /><path d="M4.500 9.500h15M9.500 9.500V19" /></>,
  slack: <path d="m10 5-2 14M16 5l-2 14M5 9.500h14.500M4.500 14.500H19" />,
  notion: <><path d="M7 4h7l3.500 3.500V20H7Z" /><path d="M10 12h4.500M10 15.500h4.500" /></>,
  atlassian: <path d="M3.500 18 9 8l3.500 5.500L15 10l5.500 8Z" />,
  linear: <path d="M5 7.500 6.500 9 9 6M5 15.500 6.500 17 9 14M12.500 7.500H19M12.500 15.500H19" />,
  hubspot: <><circle cx="12" cy="12" r="2.500" /><circle cx="6" cy="6.500" r="1.500" /><circle cx="18" cy="6.500" r="1.500" /><circle cx="12" cy="19" r="1.500" /><path d="m7.200 7.500 3 2.700M16.800 7.500l-3 2.700M12 14.500v3" /></>,
  'generic-oauth': <><path d="M13 5h5.500v14H13" /><path d="M4.500 12h9M10.500 9l3 3-3 3" /></>,
  ssh: <path d="m5 7 5 5-5 5M12.500 17H19" />,
  'generic-http': <><circle cx="12" cy="12" r="7.500" /><path d="M4.500 12h15M12 4.500c-4.500 4.500-4.500 10.500 0 15 4.500-4.500 4.500-10.500 0-15Z" /></>,
  'generic-env': <path d="M9 5c-2.500 0-2.500 1.500-2.500 3.500S6 12 4.500 12c1.500 0 2 1.500 2 3.500S6.500 19 9 19M15 5c2.500 0 2.500 1.500 2.500 3.500s.5 3.500 2 3.500c-1.500 0-2 1.500-2 3.500s0 3.500-2.500 3.500" />,
};

const lock = <><rect x="6" y="11" width="12" height="8" rx="1.500" /><path d="M8.500 11V8.500a3.500 3.500 0 0 1 7 0V11" /></>;

/** Decoration: the name stands beside it. */
export function ServiceMark({ service }: { service: string }) {
  const known = Object.hasOwn(glyphs, service);
  return (
    <span className={`mark ${known ? `mark-${service}` : ''}`} aria-hidden="true">
      <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.800" strokeLinecap="round" strokeLinejoin="round">
        {known ? glyphs[service] : lock}
      </svg>
    </span>
  );
}

const icons = {
  keys: <><circle cx="8" cy="14" r="4" /><path d="m11 11 8-8M15.500 6.500l3 3" /></>,
  notices: <><path d="M6.500 16V11a5.500 5.500 0 0 1 11 0v5l1.500 2H5Z" /><path d="M10 20.500h4" /></>,
  connect: <path d="M12 5v14M5 12h14" />,
  sessions: <><rect x="3.500" y="5" width="17" height="12" rx="2" /><path d="m7.500 9 2.500 2-2.500 2M12 13h4M9 20h6" /></>,
  activity: <path d="M3 12h4l2.500-7 5 14 2.500-7h4" />,
  services: <><rect x="4" y="4" width="7" height="7" rx="1.500" /><rect x="13" y="4" width="7" height="7" rx="1.500" /><rect x="4" y="13" width="7" height="7" rx="1.500" /><rect x="13" y="13" width="7" height="7" rx="1.500" /></>,
  members: <><circle cx="9" cy="8" r="3.500" /><path d="M2.500 19c.8-3.500 3.300-5 6.500-5s5.700 1.500 6.500 5M16 4.900a3.500 3.500 0 0 1 0 6.200M18 14.500c2 .7 3.200 2.200 3.700 4.500" /></>,
  settings: <><path d="M4 7h9M19 7h1M4 17h1M11 17h9" /><circle cx="16" cy="7" r="2.500" /><circle cx="8" cy="17" r="2.500" /></>,
  promises: <><path d="M12 3.500 19 6v6c0 4-3 7-7 8.500C8 19 5 16 5 12V6Z" /><path d="m9 12 2.200 2.200L15.500 10" /></>,
  menu: <path d="M4 7h16M4 12h16M4 17h16" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  good: <path d="m6 12.500 4 4 8-9" />,
  warn: <><path d="M12 4 3 19.500h18Z" /><path d="M12 10v4.500M12 17v.1" /></>,
  bad: <><circle cx="12" cy="12" r="8.500" /><path d="m9 9 6 6M15 9l-6 6" /></>,
  plain: <circle cx="12" cy="12" r="3.500" />,
  wait: <path d="M12 4a8 8 0 1 1-8 8" />,
  out: <path d="M13 5h6v6M19 5l-9 9M17 14v5H5V7h5" />,
  search: <><circle cx="10.500" cy="10.500" r="6" /><path d="m15 15 5 5" /></>,
  back: <path d="m14 6-6 6 6 6" />,
} as const;

export type IconName = keyof typeof icons;

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.800" strokeLinecap="round"
      strokeLinejoin="round" aria-hidden="true">
      {icons[name]}
    </svg>
  );
}
