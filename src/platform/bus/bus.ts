import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { chunksOf, type Messages } from './messages.js';
import { WIRE, type Wire } from './wire.js';

/**
 * What processes tell each other. Nothing that must arrive: a message may be lost, or come twice. Topics without a
 * payload mean "look again", and are also told to a process that may have missed one.
 */
export interface Topics {
  /** The outbox has new events. */
  relay: null;
  /** The log of live events has new rows. */
  log: null;
  /** What sockets of these users are told (realtime/signals.ts). */
  signal: Signal;
  /** What counts, or may be seen, otherwise than before. Without a payload: anything. */
  dirty: Dirty | null;
  /** Packed ids of users who came, left, or show it otherwise. Without a payload: anybody. */
  presence: string | null;
}
export type Topic = keyof Topics;
/** Those that mean "look again" without a payload. */
const wakeUps = ['relay', 'log', 'dirty', 'presence'] as const satisfies Topic[];

/** Packed ids. */
export interface Dirty {
  medias?: string;
  /** The media, the comment, the next media, … */
  comments?: string;
  /** Accounts, everything of which may be seen otherwise. */
  owners?: string;
}

export interface Signal {
  name: string;
  /** Packed ids of users. */
  to: string;
  payload: object;
}

/** Time in which messages are gathered into one. */
const gatherMs = 5;

/**
 * Carries messages between the processes, this one included, after the transactions that cause them: NOTIFY within one
 * holds a lock of the whole cluster until the commit is on disk (docs/decisions/0019-realtime.md).
 */
@Injectable()
export class Bus implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Bus');
  private readonly handlers = new Map<Topic, ((payload: never) => void)[]>();
  private gathered: Messages = [];
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Serialises sends. */
  private sending: Promise<void> = Promise.resolve();

  constructor(@Inject(WIRE) private readonly wire: Wire) {}

  /** Before the application starts: a process that subscribes to nothing does not listen. */
  subscribe<T extends Topic>(topic: T, handler: (payload: Topics[T]) => void): void {
    this.handlers.set(topic, [...(this.handlers.get(topic) ?? []), handler]);
  }

  publish<T extends Topic>(topic: T, payload: Topics[T]): void {
    // Others look by themselves; sending would connect again, and nobody would close that.
    if (this.isClosed) return;
    if (payload === null && this.gathered.some(([gathered]) => gathered === topic)) return;
    this.gathered.push([topic, payload]);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.sending = this.sending.then(() => this.send());
    }, gatherMs);
  }

  onApplicationBootstrap(): void {
    if (!this.handlers.size) return;
    this.wire.listen(
      (text) => this.receive(text),
      () => {
        for (const topic of wakeUps) this.hand(topic, null);
      },
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.sending;
    await this.wire.close();
  }

  private async send(): Promise<void> {
    const messages = this.gathered;
    this.gathered = [];
    try {
      for (const chunk of chunksOf(messages)) await this.wire.send(chunk);
    } catch (error) {
      this.logger.warn({ err: error }, 'message lost; others look by themselves');
    }
  }

  private receive(text: string): void {
    let messages: Messages;
    try {
      messages = JSON.parse(text) as Messages;
    } catch (error) {
      this.logger.warn({ err: error }, 'message that is not ours');
      return;
    }
    for (const [topic, payload] of messages) this.hand(topic as Topic, payload);
  }

  private hand(topic: Topic, payload: unknown): void {
    for (const handler of this.handlers.get(topic) ?? []) handler(payload as never);
  }
}
