import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useEffect, useId, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.ts';
import { forgetDownload, type KeptDownload, keepDownload, keptDownloads } from '../api/download-store.ts';
import { cancelDownload, type Download, type DownloadAsked, startDownload } from '../api/downloads.ts';
import { strings } from '../strings.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { followDownload } from './follow-download.ts';
import { formatBytes } from './format-bytes.ts';
import { formatDistance } from './moment.tsx';
import { Failure } from './notice.tsx';

const words = strings.downloads;

interface ModelDownloadsProps {
  readonly isAsking: boolean;
  readonly onAsked: () => void;
  /** Something ended, in words; the list of models may be another one now. */
  readonly onDone: (text: string) => void;
}

/** The downloads that were started in this browser, and the form for another one. */
export function ModelDownloads({ isAsking, onAsked, onDone }: ModelDownloadsProps) {
  const [downloads, setDownloads] = useState(keptDownloads);
  const start = async (asked: DownloadAsked): Promise<void> => {
    const { job_id: id, model, started_at: startedAt = '' } = await startDownload(asked);
    if (id === undefined) return onDone(words.wasThere(model));
    keepDownload({ id, startedAt, asked });
    setDownloads(keptDownloads());
  };
  const end = (id: string, text?: string): void => {
    forgetDownload(id);
    setDownloads(keptDownloads());
    if (text !== undefined) onDone(text);
  };
  return (
    <>
      {isAsking && <DownloadForm onSubmit={start} onClose={onAsked} />}
      {downloads.length > 0 && (
        <section class="card" aria-label={words.title}>
          <h2>{words.title}</h2>
          <ul class="plain">
            {downloads.map((kept) => (
              <DownloadRow
                key={`${kept.id} ${kept.startedAt}`}
                kept={kept}
                onAgain={() => start(kept.asked)}
                onEnd={(text) => end(kept.id, text)}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

interface DownloadRowProps {
  readonly kept: KeptDownload;
  readonly onAgain: () => Promise<void>;
  readonly onEnd: (text?: string) => void;
}

function DownloadRow({ kept: { id, asked }, onAgain, onEnd }: DownloadRowProps) {
  const [download, setDownload] = useState<Download>();
  const [error, setError] = useState<unknown>();
  const [isCancelling, setCancelling] = useState(false);
  const model = download?.model ?? asked.model;

  useEffect(() => {
    const stopped = new AbortController();
    let isSeen = false;
    const onState = (state: Download): void => {
      isSeen = true;
      setError(undefined);
      if (state.status === 'completed') onEnd(words.completed(state.model));
      else setDownload(state);
    };
    const onFailure = (cause: unknown): void => {
      // It is of a token that was signed in before this one, or from long ago.
      if (!isSeen && cause instanceof ApiError && cause.status === 404) onEnd();
      else setError(cause);
    };
    void followDownload(id, { onState, onFailure }, stopped.signal);
    return () => stopped.abort();
  }, [id]);

  const cancel = async (): Promise<void> => {
    await cancelDownload(id);
    onEnd(words.cancelled(model));
  };
  const again = async (): Promise<void> => {
    try {
      await onAgain();
    } catch (cause) {
      setError(cause);
    }
  };
  const hasFailed = download?.status === 'failed';
  return (
    <li class="stack-tight">
      <code>{visibleLine(model)}</code>
      {download === undefined && error === undefined && <p>{strings.loading}</p>}
      {download?.status === 'downloading' && <Progress download={download} />}
      {hasFailed && (
        <p class="field-error" role="alert">
          {visibleText(download.error ?? words.failed)}
        </p>
      )}
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        {hasFailed && (
          <button type="button" aria-label={visibleLine(words.againOne(model))} onClick={() => void again()}>
            {strings.retry}
          </button>
        )}
        <button
          type="button"
          class="danger-quiet"
          aria-label={visibleLine(words.cancelOne(model))}
          onClick={() => setCancelling(true)}
        >
          {words.cancel}
        </button>
      </div>
      {isCancelling && (
        <ConfirmDialog
          title={words.confirm.title}
          submit={words.confirm.submit}
          onSubmit={cancel}
          onClose={() => setCancelling(false)}
        >
          <p>{visibleLine(words.confirm.text(model))}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}

function Progress({ download }: { readonly download: Download }) {
  const { model, total_size_bytes: total, downloaded_bytes: bytes } = download;
  const { bytes_per_second: speed, estimated_completion: end } = download;
  return (
    <>
      <progress aria-label={visibleLine(words.progressOf(model))} max={total} value={bytes} />
      <p class="hint">
        {words.progress(formatBytes(bytes), formatBytes(total))}
        {speed !== undefined && `, ${words.speed(formatBytes(speed))}`}
        {end !== undefined && `, ${words.ends(formatDistance(end))}`}
      </p>
    </>
  );
}

interface DownloadFormProps {
  readonly onSubmit: (asked: DownloadAsked) => Promise<void>;
  readonly onClose: () => void;
}

/** Asks for a model by its name at the hub, or by its address. */
function DownloadForm({ onSubmit, onClose }: DownloadFormProps) {
  const id = useId();
  const [model, setModel] = useState('');
  const [quantization, setQuantization] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const chosen = quantization.trim();
      await onSubmit({ model: model.trim(), ...(chosen === '' ? {} : { quantization: chosen }) });
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const field = (name: 'model' | 'quantization', value: string, set: (value: string) => void) => (
    <div class="field">
      <label for={`${id}-${name}`}>{words.fields[name]}</label>
      <input
        id={`${id}-${name}`}
        value={value}
        placeholder={words.examples[name]}
        spellcheck={false}
        autocapitalize="off"
        disabled={isBusy}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </div>
  );
  return (
    <form class="card" aria-labelledby={`${id}-title`} onSubmit={(event) => void submit(event)} noValidate>
      <h2 id={`${id}-title`}>{words.ask}</h2>
      <p class="hint">{words.hint}</p>
      <div class="inline">
        {field('model', model, setModel)}
        {field('quantization', quantization, setQuantization)}
      </div>
      {isBusy && <p role="status">{words.isLookedUp}</p>}
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || model.trim() === ''}>
          {words.start}
        </button>
        <button type="button" onClick={onClose}>
          {strings.close}
        </button>
      </div>
    </form>
  );
}
