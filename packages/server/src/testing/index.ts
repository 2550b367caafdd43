// The public interface for tests of extensions of the server. Everything that is exported here is API.

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
