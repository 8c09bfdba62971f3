import { defineEntity, p } from '@mikro-orm/core';

/** How often something was done to a mail address within a window of time. It has no account, so it outlives accounts. */
const AddressCountSchema = defineEntity({
  name: 'AddressCount',
  tableName: 'address_counts',
  properties: {
    /** HMAC-SHA-256, hex, of the address in lower case: the row tells nobody whose it is. */
    address: p.string().length(64).primary(),
    what: p.text().primary(),
    count: p.integer().default(1),
    /** When the window began. */
    since: p.datetime().defaultRaw('now()').index(),
  },
});
export class AddressCount extends AddressCountSchema.class {}
AddressCountSchema.setClass(AddressCount);
export { AddressCountSchema };
