import { useId, useState } from 'preact/hooks';
import { sendDuration, writeDuration } from '../api/duration-text.ts';
import {
  changeSettings,
  LIFETIMES,
  type Lifetime,
  readSettings,
  type Settings,
  type SettingsChange,
  SWITCHES,
  type Switch,
} from '../api/settings.ts';
import { Check } from '../parts/check.tsx';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Listing } from '../parts/listing.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.settings;

/** What opens the server to others or shuts them out, so that it is asked about first. */
const isGrave = (name: Switch, value: boolean): boolean =>
  (name === 'requireAuthentication' && !value) ||
  (name === 'lockdown' && value) ||
  (name === 'allowEphemeralMcp' && value);

/** The settings of the installation. Each switch takes effect at once. */
export function SettingsPage({ mayWrite }: { readonly mayWrite: boolean }) {
  const { value, error, reload } = useLoaded(readSettings);
  const [asking, setAsking] = useState<{ readonly name: Switch; readonly value: boolean }>();
  const [failure, setFailure] = useState<unknown>();
  const [isSaved, setSaved] = useState(false);

  const change = async (changed: SettingsChange): Promise<void> => {
    setSaved(false);
    await changeSettings(changed);
    await reload();
    setSaved(true);
  };
  const changeNow = async (changed: SettingsChange): Promise<boolean> => {
    setFailure(undefined);
    try {
      await change(changed);
      return true;
    } catch (cause) {
      setFailure(cause);
      void reload();
      return false;
    }
  };
  const turn = (name: Switch, on: boolean): void => {
    if (isGrave(name, on)) setAsking({ name, value: on });
    else void changeNow({ [name]: on });
  };
  return (
    <Page title={words.title} lead={words.lead}>
      {failure !== undefined && <Failure error={failure} />}
      {isSaved && failure === undefined && <Notice>{words.saved}</Notice>}
      <Listing value={value} error={error} onRetry={() => void reload()}>
        {(settings) => (
          <>
            <fieldset disabled={!mayWrite}>
              <legend>{words.switches}</legend>
              {SWITCHES.map((name) => (
                <Check
                  key={name}
                  label={words.labels[name]}
                  hint={words.hints[name]}
                  checked={settings[name]}
                  onChange={(on) => turn(name, on)}
                />
              ))}
            </fieldset>
            <fieldset disabled={!mayWrite}>
              <legend>{words.kinds}</legend>
              {Object.entries(settings.tokenKinds).map(([kind, isOn]) => (
                <Check
                  key={kind}
                  label={strings.tokens.kinds[kind as keyof typeof strings.tokens.kinds] ?? kind}
                  checked={isOn}
                  onChange={(on) => void changeNow({ tokenKinds: { [kind]: on } })}
                />
              ))}
              <p class="hint">{words.kindsHint}</p>
            </fieldset>
            <Lifetimes settings={settings} mayWrite={mayWrite} onChange={changeNow} />
          </>
        )}
      </Listing>
      {asking !== undefined && (
        <ConfirmDialog
          title={words.confirm.title}
          submit={words.confirm.submit}
          onSubmit={async () => {
            await change({ [asking.name]: asking.value });
            setAsking(undefined);
          }}
          onClose={() => {
            setAsking(undefined);
            void reload();
          }}
        >
          <p>{words.confirm.texts[asking.name]}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}

interface LifetimesProps {
  readonly settings: Settings;
  readonly mayWrite: boolean;
  /** Resolves with whether the change was made, and shown. */
  readonly onChange: (change: Readonly<Record<Lifetime, number | string>>) => Promise<boolean>;
}

const each = <T,>(read: (name: Lifetime) => T) =>
  Object.fromEntries(LIFETIMES.map((name) => [name, read(name)])) as Record<Lifetime, T>;
const textsOf = (settings: Settings) => each((name) => writeDuration(settings[name]));

function Lifetimes({ settings, mayWrite, onChange }: LifetimesProps) {
  const id = useId();
  const [typed, setTyped] = useState<Partial<Record<Lifetime, string>>>({});
  const texts = { ...textsOf(settings), ...typed };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!(await onChange(each((name) => sendDuration(texts[name].trim()))))) return;
    // What was typed while it was saved stays.
    setTyped((now) =>
      Object.fromEntries(Object.entries(now).filter(([name, text]) => text !== typed[name as Lifetime])),
    );
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <fieldset>
        <legend>{words.lifetimes}</legend>
        <div class="inline">
          {LIFETIMES.map((name) => (
            <div key={name} class="field">
              <label for={`${id}-${name}`}>{words.lifetimesOf[name]}</label>
              <input
                id={`${id}-${name}`}
                value={texts[name]}
                spellcheck={false}
                disabled={!mayWrite}
                onInput={({ currentTarget }) => setTyped((now) => ({ ...now, [name]: currentTarget.value }))}
              />
            </div>
          ))}
          {mayWrite && <button type="submit">{words.save}</button>}
        </div>
        <p class="hint">{words.lifetimesHint}</p>
      </fieldset>
    </form>
  );
}
