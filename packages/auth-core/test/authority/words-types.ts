import type { RequestAuth } from '../src/http/index.ts';
import type { AccessRequest, Auth, Decision, Grant, Meter, Vocabulary } from '../src/index.ts';
import {
  type Grant as LG,
  type Auth as LlmAuth,
  type RequestAuth as LlmRequestAuth,
  type LlmWords,
  type Meter as LM,
  llm,
} from '../src/llm/index.ts';

declare const a: LlmAuth;
declare const m: LM;
declare const r: LlmRequestAuth;
declare const g: LG;
declare const d: Decision<LlmWords>;
declare const q: AccessRequest<LlmWords>;
export const a2: Auth = a;
export const m2: Meter = m;
export const r2: RequestAuth = r;
export const g2: Grant = g;
export const v: Vocabulary = llm;
export const d2: Decision = d;
export const q2: AccessRequest = q;
export const x: LG = {
  actions: ['chat'],
  models: ['x'],
  limits: { tokensPerDay: 3, requestsPerMinute: 3 },
  mcp: { a: { tools: { b: { approval: 'ask' } } } },
};
// @ts-expect-error unknown action
export const y: LG = { actions: ['chats'] };
// @ts-expect-error unknown limit
export const z: LG = { actions: ['chat'], limits: { foo: 3 } };
// @ts-expect-error unknown resource
export const w: LG = { actions: ['chat'], invoices: ['x'] };
a.decide({} as never, { action: 'chat', models: 'x' });
// @ts-expect-error
a.decide({} as never, { action: 'chat', invoices: 'x' });
// @ts-expect-error
a.decide({} as never, { action: 'chatx' });
if (d.allowed) {
  d.limits?.maxOutputTokens;
  d.instead?.mcp?.arguments;
} else {
  const s:
    | 'authority'
    | 'arguments'
    | 'models'
    | 'mcp'
    | 'ephemeralMcp'
    | 'notBefore'
    | 'expiresAt'
    | 'networks'
    | 'projects'
    | 'actions'
    | 'steps' = d.rule;
  void s;
}
const adm = await m.admit({} as never);
await adm.reserve('tokens', 1, 1);
// @ts-expect-error
await adm.reserve('pages', 1, 1);
