import type { AuditEvent, AuditLog, Json } from '@latchkey/auth-core';

/** What tool calls are remembered with: a keyed digest of their arguments, or the arguments as well. */
export type KeptArguments = 'digest' | 'full';

/** A call of a tool: of which server, and with exactly these arguments. */
export interface AuditedCall {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The approval that it needs, or has. */
  readonly approval?: string;
}

/** Takes note of one caller's tool calls. */
export interface ToolAudit {
  /**
   * A call that is permitted and about to be made. Once this has resolved it is in the log for good; when it rejects,
   * nobody can say so, and the call must not be made.
   */
  called(call: AuditedCall): Promise<void>;
  /** A call that waits for a person. Durable, and rejecting, as `called`. */
  awaited(call: AuditedCall): Promise<void>;
  /** What came of a call, by the arguments object that it was made with. One that was not made is none. */
  ended(args: object, outcome: string): void;
  /** A call that a grant or a switch has refused. Never rejects. */
  denied(call: AuditedCall, denial: Readonly<Record<string, string | number>>): Promise<void>;
  /** A call of a name that is not among the tools of the request. */
  unknown(name: string): void;
}

export interface ToolAuditOptions {
  readonly digest: AuditLog['digest'];
  readonly record: (event: ToolEvent) => Promise<void>;
  readonly note: (event: ToolEvent) => void;
  readonly kept: KeptArguments;
  readonly createId: () => string;
}

/** An event without whoever caused it. */
export type ToolEvent = Pick<AuditEvent, 'type' | 'subject' | 'details'>;

interface RunningCall {
  readonly id: string;
  readonly subject: string;
  readonly startedAt: number;
}

/** A model makes names up, and may make up long ones. */
const NAME_CHARACTERS = 128;

export function createToolAudit({ digest, record, note, kept, createId }: ToolAuditOptions): ToolAudit {
  const running = new WeakMap<object, RunningCall>();

  async function describeArguments(args: AuditedCall['arguments']): Promise<Record<string, Json>> {
    return {
      argumentsDigest: await digest(args),
      ...(kept === 'full' && { arguments: args as Record<string, Json> }),
    };
  }

  return {
    async called({ server, tool, arguments: args, approval }) {
      const call = { id: createId(), subject: `${server} ${tool}`, startedAt: performance.now() };
      const details = {
        call: call.id,
        ...(approval === undefined ? {} : { approval }),
        ...(await describeArguments(args)),
      };
      running.set(args, call);
      try {
        await record({ type: 'tool.called', subject: call.subject, details });
      } catch (error) {
        running.delete(args);
        throw error;
      }
    },
    async awaited({ server, tool, arguments: args, approval }) {
      const details = { ...(approval === undefined ? {} : { approval }), ...(await describeArguments(args)) };
      await record({ type: 'approval.requested', subject: `${server} ${tool}`, details });
    },
    ended(args, outcome) {
      const call = running.get(args);
      if (call === undefined) return;
      running.delete(args);
      const milliseconds = Math.round(performance.now() - call.startedAt);
      note({ type: 'tool.ended', subject: call.subject, details: { call: call.id, outcome, milliseconds } });
    },
    async denied({ server, tool, arguments: args }, denial) {
      const described = await describeArguments(args).catch(() => ({}));
      note({ type: 'tool.denied', subject: `${server} ${tool}`, details: { ...denial, ...described } });
    },
    unknown(name) {
      const reason = 'it is not among the tools of the request';
      note({ type: 'tool.denied', subject: name.slice(0, NAME_CHARACTERS), details: { reason } });
    },
  };
}
