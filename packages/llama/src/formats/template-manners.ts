import { PROBE, PROBE_TOOLS, type Prober, probeCall, probeResult, probeUser } from './syntax/probes.ts';

/** Which orders of messages a template accepts, found by rendering them. A message left out counts as not accepted. */
export interface TemplateManners {
  readonly takesSystem: boolean;
  /** Whether it accepts a system message after other messages, in addition to the first one, and keeps its place. */
  readonly takesLaterSystem: boolean;
  /** Whether it accepts two messages of one role in a row. */
  readonly takesNeighbours: boolean;
  readonly beginsWithAssistant: boolean;
  /** Whether it accepts a user's message directly after a tool's result, without an answer of the model in between. */
  readonly takesUserAfterResult: boolean;
  /** Whether it accepts a conversation without a user's message. */
  readonly goesWithoutUser: boolean;
}

const system = { role: 'system', content: PROBE.system };
const laterSystem = { role: 'system', content: PROBE.result };
const again = { role: 'user', content: PROBE.again };
const said = { role: 'assistant', content: PROBE.said };

/** Finds out which orders of messages a template accepts. */
export function probeManners(prober: Prober): TemplateManners {
  const shows = (messages: readonly { readonly role: string; readonly content: string }[]): boolean => {
    const prompt = prober.render({ messages });
    let at = 0;
    for (const { content } of messages) {
      at = prompt.indexOf(content, at);
      if (at < 0) return false;
    }
    return true;
  };
  const takesSystem = shows([system, probeUser]);
  return {
    takesSystem,
    takesLaterSystem: shows([...(takesSystem ? [system] : []), probeUser, said, laterSystem, again]),
    takesNeighbours:
      shows([probeUser, again]) && shows([probeUser, said, { role: 'assistant', content: PROBE.thought }, again]),
    takesUserAfterResult: takesUserAfterResult(prober),
    beginsWithAssistant: shows([said, probeUser]),
    goesWithoutUser: shows([system]),
  };
}

function takesUserAfterResult(prober: Prober): boolean {
  const conversations = ['', null].map((content) => [
    probeUser,
    { role: 'assistant', content, tool_calls: [probeCall(0)] },
    probeResult(0),
  ]);
  const taken = conversations.find((messages) => prober.render({ messages, tools: PROBE_TOOLS }) !== '');
  if (taken === undefined) return true;
  return prober.render({ messages: [...taken, again], tools: PROBE_TOOLS }).includes(PROBE.again);
}
