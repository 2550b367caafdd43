import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { listResponses } from '../api/conversations.ts';
import { listServers } from '../api/mcp-servers.ts';
import { listModels } from '../api/models.ts';
import { listTokens } from '../api/tokens.ts';
import { finishFirstSteps } from '../first-run.ts';
import { Copyable } from '../parts/copyable.tsx';
import { Link } from '../parts/link.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { navigate } from '../router.ts';
import { strings } from '../strings.ts';

const words = strings.firstSteps;

interface Step {
  readonly name: keyof typeof words.steps;
  /** How many there are already. */
  readonly count: () => Promise<number>;
  /** How to do it. */
  readonly how: ComponentChildren;
}

const STEPS: readonly Step[] = [
  {
    name: 'model',
    count: async () => (await listModels()).models.filter(({ type }) => type === 'llm').length,
    how: <Copyable label={words.steps.model.command} text="MODELS/<publisher>/<name>.gguf" />,
  },
  {
    name: 'mcp',
    count: async () => (await listServers(false)).servers.length,
    how: (
      <Copyable
        label={words.steps.mcp.command}
        text={
          '{\n  "mcpServers": {\n    "files": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv/docs"] }\n  }\n}'
        }
      />
    ),
  },
  {
    name: 'token',
    count: async () => (await listTokens()).tokens.length - 1,
    how: <Link to="/tokens/new">{words.steps.token.go}</Link>,
  },
  {
    name: 'chat',
    count: async () => (await listResponses()).responses.length,
    how: <Link to="/playground">{words.steps.chat.go}</Link>,
  },
];

/** What an empty installation needs, step by step. Each step can be skipped, and so can all of them. */
export function FirstSteps() {
  const [at, setAt] = useState(0);
  const step = STEPS[at];
  const finish = (): void => {
    finishFirstSteps();
    navigate('/conversations');
  };
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <button type="button" onClick={finish}>
          {words.skipAll}
        </button>
      }
    >
      <ol class="steps">
        {STEPS.map(({ name }, index) => (
          <li key={name} aria-current={index === at ? 'step' : undefined}>
            <button type="button" onClick={() => setAt(index)}>
              {words.steps[name].title}
            </button>
          </li>
        ))}
      </ol>
      {step !== undefined && (
        <StepCard
          key={step.name}
          step={step}
          isLast={at === STEPS.length - 1}
          onNext={() => (at === STEPS.length - 1 ? finish() : setAt(at + 1))}
        />
      )}
    </Page>
  );
}

interface StepCardProps {
  readonly step: Step;
  readonly isLast: boolean;
  readonly onNext: () => void;
}

function StepCard({ step: { name, count, how }, isLast, onNext }: StepCardProps) {
  const { value, error, reload } = useLoaded(count);
  const { title, text, done } = words.steps[name];
  const isDone = value !== undefined && value > 0;
  return (
    <section class="card" aria-label={title}>
      <h2>
        {title} {isDone && <span class="state state-done">{words.done}</span>}
      </h2>
      <p>{text}</p>
      {how}
      <div role="status">
        {value !== undefined && <p class="hint">{isDone ? done(value) : words.open}</p>}
        {value === undefined && error === undefined && <p>{strings.loading}</p>}
      </div>
      {error !== undefined && <Failure error={error} onRetry={() => void reload()} />}
      <div class="actions">
        <button type="button" class={isDone ? 'primary' : undefined} onClick={onNext}>
          {isLast ? words.finish : isDone ? words.next : words.skip}
        </button>
        {!isDone && (
          <button type="button" onClick={() => void reload()}>
            {words.check}
          </button>
        )}
      </div>
    </section>
  );
}
