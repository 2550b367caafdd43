// Shared by tests of engines, and of code that uses engines. All exports added here become API.

export type { EngineSetup } from './contract-demands.ts';
export { type EngineContractCase, engineContract } from './engine-contract.ts';
export {
  aborted,
  answersInWords,
  call,
  callsTool,
  countsLetters,
  countsMentions,
  countWords,
  describedModel,
  finish,
  interrupted,
  message,
  progress,
  reasoning,
  says,
  type Turn,
  talksUntilAborted,
} from './engine-script.ts';
export { ScriptedEngine, type ScriptedLoad, ScriptedModel, scriptedModel } from './scripted-engine.ts';
