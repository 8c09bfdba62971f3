import { Migration } from '@mikro-orm/migrations';

/**
 * Mails and tries are counted by address, so that a new account begins with what others asked of its address before;
 * a reset has links of its own requests.
 */
export class Migration0007AddressCounts extends Migration {
  override up() {
    this.addSql(`
      create table address_counts (
        address varchar(64) not null,
        what text not null,
        count int not null default 1,
        since timestamptz not null default now(),
        primary key (address, what)
      );
      create index address_counts_since_index on address_counts (since);

      alter table one_time_codes drop column attempts, drop column requests;

      create table password_reset_links (
        id uuid primary key default uuidv7(),
        user_id uuid not null references users on delete cascade,
        token_hash varchar(64) not null unique,
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      );
      create index password_reset_links_user_id_index on password_reset_links (user_id);
      create index password_reset_links_expires_at_index on password_reset_links (expires_at);

      -- Of one author under one media, too.
      create index comments_media_author_index on comments (media_id, author_id);
      drop index comments_media_index;
    `);
  }
}
