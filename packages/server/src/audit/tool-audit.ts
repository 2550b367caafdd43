import type { AuditEvent, AuditLog, Json } from '@latchkey/auth-core';

/** How the arguments of tool calls are stored: as a keyed digest only, or in full as well. */
export type KeptArguments = 'digest' | 'full';

/** A call of a server's tool with its exact arguments. */
export interface AuditedCall {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The approval that it needs, or has. */
  readonly approval?: string;
}

/** Records the tool calls of one caller. */
export interface ToolAudit {
  /**
   * Records a permitted call that is about to be made. Once this resolves, the entry is durable; if it rejects, that is
   * not certain, and the call must not be made.
   */
  called(call: AuditedCall): Promise<void>;
  /** Records a call that waits for a person. Durable or rejecting, as `called`. */
  awaited(call: AuditedCall): Promise<void>;
  /** Records the outcome of a call, identified by its arguments object. A call that was not made has no outcome. */
  ended(args: object, outcome: string): void;
  /** Records a call that a grant or a switch has refused. Never rejects. */
  denied(call: AuditedCall, denial: Readonly<Record<string, string | number>>): Promise<void>;
  /** Records a call of a name that is not among the tools of the request. */
  unknown(name: string): void;
}

export interface ToolAuditOptions {
  readonly digest: AuditLog['digest'];
  readonly record: (event: ToolEvent) => Promise<void>;
  readonly note: (event: ToolEvent) => void;
  readonly kept: KeptArguments;
  readonly createId: () => string;
}

/** An event without its actor. */
export type ToolEvent = Pick<AuditEvent, 'type' | 'subject' | 'details'>;

interface RunningCall {
  readonly id: string;
  readonly subject: string;
  readonly startedAt: number;
}

/** Models invent names, which may be long. */
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
