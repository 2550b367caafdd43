import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/*
 * The migrations of the server's own tables, in one sequence of numbers. A released migration is never changed; a new
 * one gets the next number, whatever part of the server it is for.
 */

export const conversationMigrations: Migrations = {
  '0001-conversation-turns': async (database) => {
    await database.schema
      .createTable('conversation_turn')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('parent_id', 'text', (column) => column.references('conversation_turn.id'))
      .addColumn('messages', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('conversation_turn_owner')
      .on('conversation_turn')
      .columns(['owner', 'created_at'])
      .execute();
  },
  '0007-waiting-turns': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('waiting', 'text').execute();
  },
  '0010-turn-states': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('state', 'text').execute();
    await database.schema.alterTable('conversation_turn').addColumn('begun', 'text').execute();
  },
  '0013-turn-makers': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('made_by', 'text').execute();
    await database.schema
      .createIndex('conversation_turn_parent')
      .on('conversation_turn')
      .columns(['parent_id'])
      .execute();
  },
  '0016-turn-beats': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('beat', 'integer').execute();
  },
  '0018-turn-answers': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('answer', 'text').execute();
  },
};

export const settingsMigrations: Migrations = {
  '0002-settings': async (database) => {
    await database.schema
      .createTable('installation_settings')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('document', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('updated_at', 'text', (column) => column.notNull())
      .execute();
  },
};

export const usageMigrations: Migrations = {
  '0003-usage': async (database) => {
    await database.schema
      .createTable('usage_days')
      .addColumn('day', 'text', (column) => column.notNull())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('project', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('requests', 'bigint', (column) => column.notNull())
      .addColumn('input_tokens', 'bigint', (column) => column.notNull())
      .addColumn('output_tokens', 'bigint', (column) => column.notNull())
      .addColumn('tool_calls', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('usage_days_key', ['day', 'root_id', 'project', 'model'])
      .execute();
  },
  '0022-usage-cost': async (database) => {
    await database.schema.alterTable('usage_days').addColumn('cost', 'bigint').execute();
  },
};

export const approvalMigrations: Migrations = {
  '0005-approvals': async (database) => {
    await database.schema
      .createTable('approval')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .addColumn('token_name', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('tool', 'text', (column) => column.notNull())
      .addColumn('arguments', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('answer_id', 'text')
      .addColumn('answer', 'text')
      .addColumn('refusal', 'text')
      .addColumn('requested_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .addColumn('alive_until', 'text', (column) => column.notNull())
      .addColumn('response_id', 'text')
      .execute();
  },
  '0009-approval-argument-names': async (database) => {
    await database.schema.alterTable('approval').addColumn('argument_names', 'text').execute();
  },
  '0012-approval-decisions': async (database) => {
    for (const name of ['chain', 'decided_by', 'decided_digest']) {
      await database.schema.alterTable('approval').addColumn(name, 'text').execute();
    }
  },
  '0020-approval-reasons': async (database) => {
    await database.schema.alterTable('approval').addColumn('reasons', 'text').execute();
  },
  '0017-approval-takers': async (database) => {
    await database.schema.alterTable('approval').addColumn('taken_by', 'text').execute();
  },
  '0026-approval-effects': async (database) => {
    await database.schema.alterTable('approval').addColumn('effect', 'text').execute();
  },
};

export const pinMigrations: Migrations = {
  '0006-mcp-pins': async (database) => {
    await database.schema
      .createTable('mcp_pin')
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('tool', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('mcp_pin_key', ['server', 'tool'])
      .execute();
  },
};

export const loginMigrations: Migrations = {
  '0024-mcp-logins': async (database) => {
    await database.schema
      .createTable('mcp_login')
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('account', 'text', (column) => column.notNull())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('claimed_until', 'text')
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('mcp_login_key', ['server', 'account'])
      .execute();
    await database.schema
      .createTable('mcp_login_attempt')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('account', 'text', (column) => column.notNull())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .execute();
  },
};

export const connectionMigrations: Migrations = {
  '0025-oauth-connections': async (database) => {
    await database.schema
      .createTable('oauth_connection')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('client_id', 'text', (column) => column.notNull())
      .addColumn('redirect_uri', 'text', (column) => column.notNull())
      .addColumn('challenge', 'text', (column) => column.notNull())
      .addColumn('code_digest', 'text', (column) => column.notNull())
      .addColumn('code_until', 'text', (column) => column.notNull())
      .addColumn('refresh_digest', 'text')
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('former_digest', 'text')
      .addColumn('former_sealed', 'text')
      .addColumn('created_at', 'text', (column) => column.notNull())
      .execute();
  },
};

export const accountMigrations: Migrations = {
  '0027-openid-accounts': async (database) => {
    await database.schema
      .createTable('openid_account')
      .addColumn('issuer', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('openid_account_key', ['issuer', 'subject'])
      .execute();
  },
};

export const keyedRequestMigrations: Migrations = {
  '0011-keyed-requests': async (database) => {
    await database.schema
      .createTable('keyed_request')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('authority', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('answer', 'text')
      .addColumn('answer_bytes', 'integer', (column) => column.notNull())
      .addColumn('answer_until', 'text', (column) => column.notNull())
      .addColumn('alive_until', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('keyed_request_root')
      .on('keyed_request')
      .columns(['root_id', 'created_at'])
      .execute();
  },
};

export const sessionMigrations: Migrations = {
  '0019-console-sessions': async (database) => {
    await database.schema
      .createTable('console_session')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('chain', 'text', (column) => column.notNull())
      .addColumn('token', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('address', 'text')
      .addColumn('browser', 'text')
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('used_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .execute();
  },
};

export const webhookMigrations: Migrations = {
  '0023-webhook-deliveries': async (database) => {
    await database.schema
      .createTable('webhook_delivery')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('endpoint', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('owner', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('next_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('webhook_delivery_due')
      .on('webhook_delivery')
      .columns(['state', 'next_at'])
      .execute();
  },
};
