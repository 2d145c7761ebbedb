// Shares of the root key, shown the one time that they are seen. SPDX-License-Identifier: Apache-2.0
import { Question } from '../ui/dialogs';
import { Button } from '../ui/pieces';

export interface SharesOfSeal { seal?: string; shares: string[] }

/** Nobody is shown them again: only the button closes it. */
export function NewShares({ of, onKept }: { of: readonly SharesOfSeal[]; onKept: () => void }) {
  return (
    <Question open={of.length > 0} onClose={onKept} title="The shares" text="Each goes to one person. They are shown this one time; older ones open no more." actions={<Button kind="primary" onClick={onKept}>They are kept</Button>}>
      {of.map((each, at) => <ol key={each.seal ?? at}>{each.shares.map((share) => <li key={share} className="mono wrap">{share}</li>)}</ol>)}
    </Question>
  );
}
