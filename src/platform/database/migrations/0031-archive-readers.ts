import { Migration } from '@mikro-orm/migrations';

/** Who downloads an archive, and until when without another sign of life. */
export class Migration0031ArchiveReaders extends Migration {
  override up() {
    this.addSql(`alter table exports add column reader uuid, add column reader_until timestamptz;`);
  }

  override down() {
    this.addSql(`alter table exports drop column reader, drop column reader_until;`);
  }
}
