import { Migration } from '@mikro-orm/migrations';

/** Where browsers take pushes (RFC 8030). Each ends with the session or key that it was registered by. */
export class Migration0022Push extends Migration {
  override up() {
    this.addSql(`
      alter table users add column push_text boolean not null default false;
      create table push_subscriptions (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        session_id uuid references sessions on delete cascade,
        api_key_id uuid references api_keys on delete cascade,
        endpoint varchar(1000) not null,
        p256dh varchar(100) not null,
        auth varchar(40) not null,
        created_at timestamptz not null default now(),
        check (num_nonnulls(session_id, api_key_id) = 1)
      );
      create unique index push_subscriptions_endpoint_key on push_subscriptions (md5(endpoint));
      create index push_subscriptions_user_index on push_subscriptions (user_id);
      create index push_subscriptions_session_index on push_subscriptions (session_id) where session_id is not null;
      create index push_subscriptions_api_key_index on push_subscriptions (api_key_id) where api_key_id is not null;
    `);
  }

  override down() {
    this.addSql('drop table push_subscriptions; alter table users drop column push_text;');
  }
}
