import { useEffect, useId, useState } from 'preact/hooks';
import { changeSettings, readSettings, type Settings, SWITCHES, type Switch } from '../api/settings.ts';
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

  const change = async (changed: Parameters<typeof changeSettings>[0]): Promise<void> => {
    setSaved(false);
    await changeSettings(changed);
    await reload();
    setSaved(true);
  };
  const changeNow = (changed: Parameters<typeof changeSettings>[0]): void => {
    setFailure(undefined);
    change(changed).catch((cause: unknown) => {
      setFailure(cause);
      void reload();
    });
  };
  const turn = (name: Switch, on: boolean): void => {
    if (isGrave(name, on)) setAsking({ name, value: on });
    else changeNow({ [name]: on });
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
                  onChange={(on) => changeNow({ tokenKinds: { [kind]: on } })}
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
  readonly onChange: (change: { readonly personalAccessTokenTtl: string; readonly accessTokenTtl: string }) => void;
}

function Lifetimes({ settings, mayWrite, onChange }: LifetimesProps) {
  const id = useId();
  const [personal, setPersonal] = useState(`${settings.personalAccessTokenTtl}s`);
  const [access, setAccess] = useState(`${settings.accessTokenTtl}s`);
  useEffect(() => {
    setPersonal(`${settings.personalAccessTokenTtl}s`);
    setAccess(`${settings.accessTokenTtl}s`);
  }, [settings]);
  const submit = (event: Event): void => {
    event.preventDefault();
    onChange({ personalAccessTokenTtl: personal.trim(), accessTokenTtl: access.trim() });
  };
  const field = (name: string, label: string, value: string, set: (value: string) => void) => (
    <div class="field">
      <label for={`${id}-${name}`}>{label}</label>
      <input
        id={`${id}-${name}`}
        value={value}
        spellcheck={false}
        disabled={!mayWrite}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </div>
  );
  return (
    <form onSubmit={submit}>
      <fieldset>
        <legend>{words.lifetimes}</legend>
        <div class="inline">
          {field('personal', words.personal, personal, setPersonal)}
          {field('access', words.access, access, setAccess)}
          {mayWrite && <button type="submit">{words.save}</button>}
        </div>
        <p class="hint">{words.lifetimesHint}</p>
      </fieldset>
    </form>
  );
}
