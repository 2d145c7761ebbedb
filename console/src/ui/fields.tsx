// Form fields: the browser's own elements, with labels and hints bound to them. SPDX-License-Identifier: Apache-2.0
import { useId, type ComponentProps, type ReactNode, type Ref } from 'react';

interface Labelled { label: ReactNode; hint?: ReactNode; problem?: string | undefined }

/** What is said under a field: what belongs there, and what is wrong with what is there. */
function Said({ id, hint, problem }: { id: string; hint?: ReactNode; problem?: string | undefined }) {
  return (
    <>
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {problem && <p className="field-problem" id={`${id}-problem`}>{problem}</p>}
    </>
  );
}

const said = (id: string, hint: ReactNode, problem: string | undefined) => {
  const names = [...(hint ? [`${id}-hint`] : []), ...(problem ? [`${id}-problem`] : [])];
  return { 'aria-describedby': names.length > 0 ? names.join(' ') : undefined, 'aria-invalid': problem ? (true as const) : undefined };
};

export function TextField({ label, hint, problem, ...rest }: Labelled & ComponentProps<'input'>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input type="text" autoComplete="off" spellCheck={false} {...rest} id={id} {...said(id, hint, problem)} />
      <Said id={id} hint={hint} problem={problem} />
    </div>
  );
}

export function TextArea({ label, hint, problem, ...rest }: Labelled & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea rows={3} autoComplete="off" spellCheck={false} {...rest} id={id} {...said(id, hint, problem)} />
      <Said id={id} hint={hint} problem={problem} />
    </div>
  );
}

export function SelectField({ label, hint, problem, children, ...rest }: Labelled & ComponentProps<'select'>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select {...rest} id={id} {...said(id, hint, problem)}>{children}</select>
      <Said id={id} hint={hint} problem={problem} />
    </div>
  );
}

/** One of few, each with a sentence about it. */
export function Choice({ name, value, chosen, onChoose, title, children }: { name: string; value: string; chosen: string; onChoose: (value: string) => void; title: string; children?: ReactNode }) {
  return (
    <label className="choice">
      <input type="radio" name={name} value={value} checked={chosen === value} onChange={() => onChoose(value)} />
      <span><strong>{title}</strong>{children && <small>{children}</small>}</span>
    </label>
  );
}

/**
 * Where a secret is pasted. React never knows its value: the element has it until it is taken, and no attribute ever does. Browsers and
 * password managers are told to leave it alone.
 */
export function SecretField({ label, hint, field, multiline = false, ...rest }: Labelled & ComponentProps<'input'> & { field: Ref<HTMLInputElement & HTMLTextAreaElement>; multiline?: boolean }) {
  const id = useId();
  const shared = {
    id, ref: field, autoComplete: 'off', autoCapitalize: 'none', autoCorrect: 'off', spellCheck: false, 'data-1p-ignore': '', 'data-lpignore': 'true', 'data-bwignore': '',
    'aria-describedby': hint ? `${id}-hint` : undefined,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {multiline
        ? <textarea rows={4} {...shared} required={rest.required} className="masked" />
        : <input type="password" {...rest} {...shared} />}
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A password of whoever uses this page: their browser and password manager may keep it, React never knows it. */
export function PasswordField({ label, hint, field, ...rest }: Labelled & ComponentProps<'input'> & { field: Ref<HTMLInputElement> }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input type="password" maxLength={1024} {...rest} id={id} ref={field} aria-describedby={hint ? `${id}-hint` : undefined} />
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** What was pasted; the field is empty afterwards, whatever comes next. */
export function takeSecret(field: HTMLInputElement | HTMLTextAreaElement | null): string {
  const value = field?.value ?? '';
  if (field) field.value = '';
  return value;
}

export function SearchField({ label, value, onChange, placeholder }: { label: string; value: string; onChange: (value: string) => void; placeholder?: string }) {
  const id = useId();
  return (
    <div className="search">
      <label className="unseen" htmlFor={id}>{label}</label>
      <input id={id} type="search" value={value} placeholder={placeholder ?? label} autoComplete="off" spellCheck={false} onChange={(event) => onChange(event.target.value)} />
    </div>
  );
}
