import { defineEntity, p } from '@mikro-orm/core';

/**
 * How often something was done with a mail address in a window of time. It belongs to no account, so it outlives
 * accounts.
 */
const AddressCountSchema = defineEntity({
  name: 'AddressCount',
  tableName: 'address_counts',
  properties: {
    /** HMAC-SHA-256, hex, of the lower-case address: the row does not reveal it. */
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
