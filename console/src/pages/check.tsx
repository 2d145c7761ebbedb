// What the provider says of a key. SPDX-License-Identifier: Apache-2.0
import type { Check, Service } from '../api/client';
import { Notice, OutsideLink } from '../ui/pieces';
import { sentence } from '../words';

export function CheckResult({ check, service }: { check: Check; service: Service | undefined }) {
  const title = service?.title ?? 'The provider';
  if (check.verdict === 'accepted') return <Notice tone="good"><strong>{title} accepts it.</strong> {sentence(check.message)}</Notice>;
  if (check.verdict === 'rejected')
    return (
      <Notice tone="bad">
        <strong>{title} refuses it</strong>{check.status > 0 && ` (status ${check.status})`}. {sentence(check.message)} Look whether it was copied whole
        {service && service.console_url !== '' && <>, or make a new one at <OutsideLink href={service.console_url}>{title}</OutsideLink></>}, and replace the value.
      </Notice>
    );
  return (
    <Notice tone="warn">
      <strong>{title} could not be asked.</strong> {sentence(check.message)} The key is stored and will be tried at its first use.
    </Notice>
  );
}
