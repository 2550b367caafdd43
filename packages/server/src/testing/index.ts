// The door for tests of what is plugged into the server. Whatever is added here becomes API.

export {
  answersInWords,
  countWords,
  type EngineContractCase,
  type EngineSetup,
  engineContract,
  ScriptedEngine,
  says,
  type Turn,
} from '@latchkey/engine/testing';
