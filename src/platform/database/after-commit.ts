import { MikroORM, type EventSubscriber, type TransactionEventArgs } from '@mikro-orm/core';

/** Longer than any request takes from what it records to its commit; a needless call costs little. */
const openMs = 30_000;

/**
 * Calls back after transactions that were announced by `expect`, and perhaps after others of this process that commit
 * meanwhile. Nothing is called if the process dies in between, so it can only speed up what is looked for anyway.
 */
export class AfterCommit implements EventSubscriber {
  private expectedAt = -Infinity;

  constructor(
    orm: MikroORM,
    private readonly call: () => void,
  ) {
    orm.em.getEventManager().registerSubscriber(this);
  }

  /** An open transaction of this process has written something that others wait for. */
  expect(): void {
    this.expectedAt = performance.now();
  }

  afterTransactionCommit({ transaction }: TransactionEventArgs): void {
    // Releasing a savepoint is no commit.
    if (transaction && 'savepointName' in (transaction as object)) return;
    if (performance.now() - this.expectedAt <= openMs) this.call();
  }
}
