import { type ChatMessage, callsOf } from '@latchkey/engine';
import { type Kysely, type RawBuilder, type Selectable, type SelectQueryBuilder, sql, type Transaction } from 'kysely';
import type {
  ConversationStore,
  StoredTurn,
  TurnHead,
  TurnScope,
  WaitingToolCall,
} from '../contracts/conversation-store.ts';
import { readMessages } from './read-messages.ts';
import type { ConversationTables, ConversationTurnTable } from './schema.ts';

/**
 * Stores conversations in an SQL database. A turn contains only what it added; a conversation is the path from a turn
 * to its root, and every turn on it has the same owner and project.
 */
export function createKyselyConversationStore(db: Kysely<ConversationTables>): ConversationStore {
  return {
    database: db,

    save: async (turn) => {
      const { parentId } = turn;
      const values = {
        id: turn.id,
        owner: turn.owner,
        made_by: JSON.stringify(turn.madeBy),
        project: turn.project,
        model: turn.model,
        parent_id: parentId,
        created_at: turn.createdAt,
        beat: 0,
        ...progressOf(turn),
      };
      try {
        await db.insertInto('conversation_turn').values(values).execute();
        return true;
      } catch (error) {
        // A violated foreign key; databases report it differently.
        if (parentId !== null && !(await exists(db, parentId))) return false;
        throw error;
      }
    },

    update: async (turn) => {
      const { numUpdatedRows } = await db
        .updateTable('conversation_turn')
        .set(progressOf(turn))
        .where('id', '=', turn.id)
        .where('owner', '=', turn.owner)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    list: async (scope, { limit, before }) => {
      const rows = await within(db.selectFrom('conversation_turn').select([...HEAD, IS_CONTINUED]), scope)
        .$if(before !== undefined, (query) =>
          query.where(({ eb, and, or }) =>
            or([
              eb('created_at', '<', before?.createdAt ?? ''),
              and([eb('created_at', '=', before?.createdAt ?? ''), eb('id', '<', before?.id ?? '')]),
            ]),
          ),
        )
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toHead);
    },

    keepAnswer: async (id, owner, answer) => {
      await db
        .updateTable('conversation_turn')
        .set({ answer })
        .where('id', '=', id)
        .where('owner', '=', owner)
        .execute();
    },

    find: async (id, scope) => {
      const columns = [...HEAD, IS_CONTINUED, 'messages', 'answer'] as const;
      const row = await within(db.selectFrom('conversation_turn').select(columns), scope)
        .where('id', '=', id)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { messages, answer } = row;
      return { ...toHead(row), messages: readMessages(messages), ...(answer === null ? {} : { answer }) };
    },

    remove: async (id, scope, transaction) => {
      const database = transaction === undefined ? db : (transaction as Transaction<ConversationTables>);
      const found = await within(database.selectFrom('conversation_turn').select('id'), scope)
        .where('id', '=', id)
        .executeTakeFirst();
      if (found === undefined) return 0;
      const { rows } = await sql`
        with recursive later (id) as (
          select id from conversation_turn where id = ${id} and owner = ${scope.owner}
          union
          select turn.id from conversation_turn turn join later on turn.parent_id = later.id
        )
        delete from conversation_turn where id in (select id from later) returning id`.execute(database);
      return rows.length;
    },

    load: async (id, scope) => {
      // The scope selects the last turn only, since the turns that it continues belong to the same conversation.
      const { rows } = await sql<{ messages: string; waiting: string | null; begun: string | null }>`
        with recursive line (id, owner, project, parent_id, messages, waiting, begun, depth) as (
          select id, owner, project, parent_id, messages, waiting, begun, 0 from conversation_turn
          where id = ${id} and ${conditionOf(scope)}
          union all
          select turn.id, turn.owner, turn.project, turn.parent_id, turn.messages, turn.waiting, turn.begun, line.depth + 1
          from conversation_turn turn join line on turn.id = line.parent_id
          where turn.owner = line.owner and turn.project is not distinct from line.project
        )
        select messages, waiting, begun from line order by depth desc`.execute(db);
      const last = rows.at(-1);
      if (last === undefined) return undefined;
      return {
        messages: withoutRepeatedAnswers(rows.flatMap((row) => readMessages(row.messages))),
        ...(last.waiting === null ? {} : { waiting: JSON.parse(last.waiting) as WaitingToolCall }),
        ...(last.begun === null ? {} : { begun: last.begun }),
      };
    },

    beat: async (ids) => {
      await db
        .updateTable('conversation_turn')
        .set(({ eb }) => ({ beat: eb('beat', '+', 1) }))
        .where('id', 'in', ids)
        .execute();
    },

    pulse: async (id, scope) => {
      const row = await within(db.selectFrom('conversation_turn').select(['state', 'waiting', 'begun', 'beat']), scope)
        .where('id', '=', id)
        .executeTakeFirst();
      return (
        row && {
          state: row.state ?? 'completed',
          ...(row.waiting === null ? {} : { waiting: JSON.parse(row.waiting) as WaitingToolCall }),
          ...(row.begun === null ? {} : { begun: row.begun }),
          beats: Number(row.beat ?? 0),
        }
      );
    },

    abandon: async (id, beats) => {
      await db
        .updateTable('conversation_turn')
        .set({ state: 'incomplete' })
        .where('id', '=', id)
        .where('state', '=', 'running')
        .where(({ eb, fn, val }) => eb(fn.coalesce('beat', val(0)), '=', beats))
        .execute();
    },
  };
}

async function exists(db: Kysely<ConversationTables>, id: string): Promise<boolean> {
  const row = await db.selectFrom('conversation_turn').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}

/** A turn may continue the very turn from which it took the answer to its call, so the answer would appear twice. */
function withoutRepeatedAnswers(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const answered = new Set<string>();
  return messages.filter((message) => {
    for (const { id } of callsOf(message)) answered.delete(id);
    if (message.role !== 'tool') return true;
    const isRepeated = answered.has(message.toolCallId);
    answered.add(message.toolCallId);
    return !isRepeated;
  });
}

const HEAD = ['id', 'project', 'model', 'parent_id', 'state', 'waiting', 'created_at'] as const;

/** SQLite has numbers for truth. */
const IS_CONTINUED = sql<
  boolean | number
>`exists (select 1 from conversation_turn later where later.parent_id = conversation_turn.id)`.as('is_continued');

type HeadRow = Pick<Selectable<ConversationTurnTable>, (typeof HEAD)[number]> & {
  readonly is_continued: boolean | number;
};

const toHead = (row: HeadRow): TurnHead => ({
  id: row.id,
  project: row.project,
  model: row.model,
  parentId: row.parent_id,
  state: row.state ?? 'completed',
  ...(row.waiting === null ? {} : { waiting: JSON.parse(row.waiting) as WaitingToolCall }),
  createdAt: row.created_at,
  isContinued: Boolean(row.is_continued),
});

const progressOf = (turn: StoredTurn) => ({
  messages: JSON.stringify(turn.messages),
  waiting: turn.waiting === undefined ? null : JSON.stringify(turn.waiting),
  state: turn.state,
  begun: turn.begun ?? null,
});

/** Token ids may contain an underscore, which matches any character in a pattern. */
const escaped = (id: string): string => id.replaceAll(/[\\%_]/g, '\\$&');

const within = <Row>(
  query: SelectQueryBuilder<ConversationTables, 'conversation_turn', Row>,
  scope: TurnScope,
): SelectQueryBuilder<ConversationTables, 'conversation_turn', Row> => query.where(conditionOf(scope));

const conditionOf = ({ owner, project, madeBy }: TurnScope): RawBuilder<boolean> => {
  const ofProject = project === undefined ? sql`` : sql` and project is not distinct from ${project}`;
  const ofMaker = madeBy === undefined ? sql`` : sql` and made_by like ${`%"${escaped(madeBy)}"%`} escape '\\'`;
  return sql<boolean>`owner = ${owner}${ofProject}${ofMaker}`;
};
