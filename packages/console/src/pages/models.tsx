import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useId, useState } from 'preact/hooks';
import {
  type LoadAsked,
  listModels,
  loadModel,
  type Model,
  type ModelFault,
  type ModelInstance,
  unloadModel,
} from '../api/models.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { formatBytes } from '../parts/format-bytes.ts';
import { Listing, RowTable } from '../parts/listing.tsx';
import { ModelDownloads } from '../parts/model-downloads.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.models;

interface ModelsProps {
  readonly mayLoad: boolean;
  readonly mayDownload: boolean;
}

/** The models that the token may see: what is installed, what is loaded, what cannot be used and why. */
export function Models({ mayLoad, mayDownload }: ModelsProps) {
  const { value, error, reload } = useLoaded(listModels);
  const [loading, setLoading] = useState<Model>();
  const [unloading, setUnloading] = useState<ModelInstance>();
  const [isAsking, setAsking] = useState(false);
  const [done, setDone] = useState<string>();
  const { columns } = words;
  const aliases = Map.groupBy(Object.entries(value?.aliases ?? {}), ([, key]) => key);
  const unload = async ({ id }: ModelInstance): Promise<void> => {
    await unloadModel(id);
    setUnloading(undefined);
    setDone(visibleLine(words.unloaded(id)));
    await reload();
  };
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <>
          {mayDownload && (
            <button
              type="button"
              onClick={() => {
                setDone(undefined);
                setAsking(true);
              }}
            >
              {strings.downloads.ask}
            </button>
          )}
          <button type="button" onClick={() => void reload()}>
            {words.refresh}
          </button>
        </>
      }
    >
      {done !== undefined && <Notice>{done}</Notice>}
      {mayDownload && (
        <ModelDownloads
          isAsking={isAsking}
          onAsked={() => setAsking(false)}
          onDone={(text) => {
            setDone(visibleLine(text));
            void reload();
          }}
        />
      )}
      {loading !== undefined && (
        <LoadForm
          key={loading.key}
          model={loading}
          onClose={() => setLoading(undefined)}
          onLoaded={(seconds) => {
            setLoading(undefined);
            setDone(visibleLine(words.wasLoaded(loading.key, seconds)));
            void reload();
          }}
        />
      )}
      <Listing value={value?.models} error={error} onRetry={() => void reload()} empty={words.empty}>
        {(models) => (
          <RowTable columns={Object.values(columns)}>
            {models.map((model) => (
              <tr key={model.key}>
                <th scope="row" data-label={columns.name}>
                  <span>
                    <code>{visibleLine(model.key)}</code>
                    {aliases.get(model.key)?.map(([name]) => (
                      <span key={name} class="hint">
                        {' '}
                        {visibleLine(words.alias(name))}
                      </span>
                    ))}
                  </span>
                </th>
                <td data-label={columns.type}>{visibleLine(describe(model))}</td>
                <td data-label={columns.size}>{formatBytes(model.size_bytes)}</td>
                <td data-label={columns.context}>{model.max_context_length.toLocaleString('en')}</td>
                <td data-label={columns.loaded}>
                  <div class="stack-tight">
                    {model.loaded_instances.length === 0 && words.notLoaded}
                    {model.loaded_instances.map((instance) => (
                      <Instance
                        key={instance.id}
                        instance={instance}
                        mayLoad={mayLoad}
                        onUnload={() => setUnloading(instance)}
                      />
                    ))}
                    {mayLoad && (
                      <div>
                        <button
                          type="button"
                          aria-label={visibleLine(words.loadOne(model.key))}
                          onClick={() => {
                            setDone(undefined);
                            setLoading(model);
                          }}
                        >
                          {words.load}
                        </button>
                      </div>
                    )}
                  </div>
                </td>
              </tr>
            ))}
          </RowTable>
        )}
      </Listing>
      <Faults title={words.unreadable} faults={value?.unreadable ?? []} />
      <Faults title={words.templateFaults} faults={value?.template_faults ?? []} />
      {unloading !== undefined && (
        <ConfirmDialog
          title={words.confirm.title}
          submit={words.confirm.submit}
          onSubmit={() => unload(unloading)}
          onClose={() => setUnloading(undefined)}
        >
          <p>{visibleLine(words.confirm.text(unloading.id))}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}

interface InstanceProps {
  readonly instance: ModelInstance;
  readonly mayLoad: boolean;
  readonly onUnload: () => void;
}

function Instance({ instance, mayLoad, onUnload }: InstanceProps) {
  const { id, config, draining = false, active_requests: active = 0 } = instance;
  return (
    <div class="instance">
      <span>
        <code>{visibleLine(id)}</code> {words.loaded(config.context_length.toLocaleString('en'), config.parallel)}
        {active > 0 && <span class="state state-active">{words.active(active)}</span>}
        {draining && <span class="state state-waiting">{words.draining}</span>}
      </span>
      {mayLoad && !draining && (
        <button type="button" class="danger-quiet" aria-label={visibleLine(words.unloadOne(id))} onClick={onUnload}>
          {words.unload}
        </button>
      )}
    </div>
  );
}

interface LoadFormProps {
  readonly model: Model;
  readonly onClose: () => void;
  readonly onLoaded: (seconds: number) => void;
}

/** Loads an instance of its own. What is left empty is as the server's settings say. */
function LoadForm({ model, onClose, onLoaded }: LoadFormProps) {
  const id = useId();
  const [fields, setFields] = useState({ context_length: '', parallel: '', ttl: '' });
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const load = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    const asked: LoadAsked = {
      model: model.key,
      ...Object.fromEntries(
        Object.entries(fields).flatMap(([name, text]) => (text === '' ? [] : [[name, Number(text)]])),
      ),
    };
    try {
      onLoaded((await loadModel(asked)).load_time_seconds);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <form class="card" aria-labelledby={`${id}-title`} onSubmit={(event) => void load(event)} noValidate>
      <h2 id={`${id}-title`}>{visibleLine(words.loadOne(model.key))}</h2>
      <p class="hint">{words.loadHint}</p>
      <div class="numbers">
        {(['context_length', 'parallel', 'ttl'] as const).map((name) => (
          <div key={name} class="field">
            <label for={`${id}-${name}`}>{words.fields[name]}</label>
            <input
              id={`${id}-${name}`}
              type="number"
              min="1"
              inputMode="numeric"
              disabled={isBusy}
              value={fields[name]}
              onInput={({ currentTarget }) => setFields({ ...fields, [name]: currentTarget.value })}
            />
          </div>
        ))}
      </div>
      {isBusy && (
        <div role="status">
          <p>{words.isLoading}</p>
          <progress aria-label={words.isLoading} />
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          {words.load}
        </button>
        <button type="button" onClick={onClose}>
          {strings.close}
        </button>
      </div>
    </form>
  );
}

function Faults({ title, faults }: { readonly title: string; readonly faults: readonly ModelFault[] }) {
  if (faults.length === 0) return null;
  return (
    <section class="card">
      <h2>{title}</h2>
      <dl class="arguments">
        {faults.map(({ key, reason }) => (
          <div key={key}>
            <dt>
              <code>{visibleLine(key)}</code>
            </dt>
            <dd>{visibleText(reason)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const describe = ({ type, params_string: size, quantization, capabilities }: Model): string =>
  [
    type === 'embedding' ? words.embedding : words.llm,
    size ?? '',
    quantization?.name ?? '',
    capabilities?.vision ? words.vision : '',
    capabilities?.trained_for_tool_use ? words.tools : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
