import { Migration } from '@mikro-orm/migrations';

/** Whether a message shows a file is asked for one chat, however many others it was sent to. */
export class Migration0027FilesInChats extends Migration {
  override up() {
    this.addSql(`
      create index messages_shown_index on messages (file_id, chat_id, seq) where file_id is not null;
      drop index messages_file_index;
    `);
  }

  override down() {
    this.addSql(`
      create index messages_file_index on messages (file_id) where file_id is not null;
      drop index messages_shown_index;
    `);
  }
}
