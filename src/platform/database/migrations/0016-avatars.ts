import { Migration } from '@mikro-orm/migrations';

/** Pictures by hash (docs/decisions/0017). */
export class Migration0016Avatars extends Migration {
  override up() {
    this.addSql(`
      create table avatars (
        hash text primary key constraint avatars_hash_check check (hash ~ '^[0-9a-f]{40}$' or hash = 'default'),
        version uuid not null,
        type text not null,
        squares jsonb not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
    `);
  }

  override down() {
    this.addSql('drop table avatars;');
  }
}
