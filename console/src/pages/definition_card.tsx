// A definition of a service as it is written: what the server says of it, its text, and where it goes. SPDX-License-Identifier: Apache-2.0
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, result, type CheckedService } from '../api/client';
import { saveFile } from '../ui/files';
import { Button, Notice, Problem } from '../ui/pieces';

export interface Verdict { data: CheckedService | undefined; error: unknown; /** What it is about. */ text: string }

const pauseInTyping = 300;

/** What the server's checker says, once typing pauses; until then what it said before. */
export function useVerdict(text: string): Verdict {
  const [asked, setAsked] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), pauseInTyping);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error } = useQuery({
    queryKey: ['definition', asked],
    queryFn: async ({ signal }) => ({ verdict: await result(api.POST('/api/v1/services/check', { body: { text: asked }, signal })), text: asked }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  return { data: data?.verdict, error, text: data?.text ?? '' };
}

function Says({ verdict, isCurrent, isBegun }: { verdict: Verdict; isCurrent: boolean; isBegun: boolean }) {
  const { data } = verdict;
  return (
    <div role="status" aria-busy={!isCurrent}>
      {!isBegun ? <Notice tone="plain">Begin with its title: the server reads along.</Notice>
        : !data ? <Notice tone="plain">The server reads it…</Notice>
        : data.accepted ? <Notice tone="good"><strong>The server would start with it.</strong> It is checked by every rule that a start applies.</Notice>
          : <Notice tone="warn"><strong>Not yet{data.line > 0 && `, line ${data.line}`}.</strong> {data.why}.</Notice>}
    </div>
  );
}

function Text({ text, wrongLine }: { text: string; wrongLine: number }) {
  return (
    <div className="scroller definition" role="region" aria-label="The definition as text" tabIndex={0}>
      <ol>{text.replace(/\n$/, '').split('\n').map((line, at) => <li key={at} className={at + 1 === wrongLine ? 'wrong' : undefined}><code>{line === '' ? ' ' : line}</code></li>)}</ol>
    </div>
  );
}

export function DefinitionCard({ text, verdict, isBegun, onByHand }: { text: string; verdict: Verdict; isBegun: boolean; onByHand: (() => void) | undefined }) {
  const [copied, setCopied] = useState(false);
  const isCurrent = verdict.text === text;
  const id = isCurrent && verdict.data?.service ? verdict.data.service.id : '';
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  };
  return (
    <section className="story following" aria-label="The file">
      <h2>{id === '' ? 'The file' : `catalog/${id}.toml`}</h2>
      <Problem error={verdict.error} />
      <Says verdict={verdict} isCurrent={isCurrent} isBegun={isBegun} />
      <Text text={text} wrongLine={isBegun && isCurrent && verdict.data && !verdict.data.accepted ? verdict.data.line : 0} />
      <div className="buttons left">
        <Button kind="primary" disabled={id === ''} onClick={() => saveFile(`${id}.toml`, 'application/toml', text)}>Save the file</Button>
        {'clipboard' in navigator && <Button onClick={() => void copy()}>{copied ? 'Copied' : 'Copy'}</Button>}
        {onByHand && <Button onClick={onByHand}>Write it by hand</Button>}
      </div>
      <h3>Where it goes</h3>
      <ol className="steps">
        <li>The operator looks through it: it says where keys of this service are sent, for every tenant.</li>
        <li>It goes to <code>catalog/{id === '' ? 'NAME' : id}.toml</code> in the server’s data directory (<code>--data</code>, else <code>strongroom-data</code> where the server was started; <code>/var/lib/strongroom</code> with the Debian package), readable by the server’s user.</li>
        <li>It is read at the next start. Sessions stay open over a restart. From then on its keys are connected like any other’s.</li>
      </ol>
    </section>
  );
}
