import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { strings } from '../strings.ts';
import { Failure } from './notice.tsx';

interface ConfirmDialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly submit: string;
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be undone. The browser's own dialog keeps the focus inside and gives it back. */
export function ConfirmDialog({ title, children, submit, onSubmit, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const id = useId();

  // Before the next event: a key that is pressed at once is the dialog's.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  const act = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby={`${id}-title`} onClose={onClose}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        <button type="button" onClick={onClose} disabled={isBusy}>
          {strings.cancel}
        </button>
        <button type="button" class="danger" onClick={act} disabled={isBusy}>
          {submit}
        </button>
      </div>
    </dialog>
  );
}
