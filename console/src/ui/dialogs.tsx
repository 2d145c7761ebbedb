// Dialogs: focus, Escape and the rest of the page are Base UI's business. SPDX-License-Identifier: Apache-2.0
import { AlertDialog } from '@base-ui/react/alert-dialog';
import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { Icon } from './mark';

/** A question that must be answered; a click beside it is no answer. */
export function Question({ open, onClose, title, text, children, actions }: { open: boolean; onClose: () => void; title: string; text: ReactNode; children?: ReactNode; actions: ReactNode }) {
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => { if (!next) onClose(); }}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className="dialog-text">{text}</AlertDialog.Description>
          {children}
          <div className="buttons">{actions}</div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

export function Panel({ open, onClose, title, text, children }: { open: boolean; onClose: () => void; title: string; text?: ReactNode; children: ReactNode }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => { if (!next) onClose(); }}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <div className="dialog-head">
            <Dialog.Title className="dialog-title">{title}</Dialog.Title>
            <Dialog.Close className="button quiet" aria-label="Close"><Icon name="close" /></Dialog.Close>
          </div>
          {text && <Dialog.Description render={<div />} className="dialog-text">{text}</Dialog.Description>}
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
