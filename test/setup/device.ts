import { io, type Socket } from 'socket.io-client';
import type { Json } from './client.js';
import { liveContractOf, type LiveContract } from './live-contract.js';
import { until } from './until.js';

export interface Heard {
  name: string;
  payload: Json;
}

/**
 * A client of a user, as apps are: it keeps the cursor of the last event that it has handled, and connects again. Whatever
 * it is told must be as declared, or the test fails: where it looks, or where it closes the device.
 */
export class Device {
  readonly heard: Heard[] = [];
  readonly refused: Json[] = [];
  cursor: string | undefined;
  private readonly socket: Socket;
  private readonly faults: string[] = [];
  private contract: LiveContract | undefined;
  private wasClosed = false;

  constructor(
    readonly origin: string,
    private readonly auth: object,
    { reconnects = false, headers = {} }: { reconnects?: boolean; headers?: Record<string, string> } = {},
  ) {
    this.socket = io(origin, {
      transports: ['websocket'],
      forceNew: true,
      autoConnect: false,
      reconnection: reconnects,
      reconnectionDelay: 50,
      reconnectionDelayMax: 500,
      extraHeaders: headers,
      auth: (give) => give({ ...this.auth, ...(this.cursor !== undefined && { cursor: this.cursor }) }),
    });
    this.socket.on('connect_error', (error) => {
      const { data } = error as { data?: Json };
      this.refused.push(data ?? { message: error.message });
      // A refusal is final for the library, also where the server only asks for patience.
      if (reconnects && data?.code === 'unavailable') setTimeout(() => this.socket.connect(), 200);
    });
    this.socket.onAny((name: string, payload: Json) => {
      this.heard.push({ name, payload });
      this.check(this.contract!.fault(name, payload));
      if (name !== 'ready') this.cursor = payload.cursor ?? this.cursor;
      else if (!payload.resumed) this.cursor = payload.cursor;
    });
    void this.begin();
  }

  get isConnected(): boolean {
    return this.socket.connected;
  }

  get isActive(): boolean {
    return this.socket.active;
  }

  of(name: string): Json[] {
    this.failIfWrong();
    return this.heard.filter((heard) => heard.name === name).map(({ payload }) => payload);
  }

  /** Waits for such an event, heard already or not. */
  hears(name: string, is: (payload: Json) => unknown = () => true, limitMs = 10_000): Promise<Json> {
    return until(async () => this.of(name).find(is), `${name} at a device`, limitMs, 5);
  }

  async ready(): Promise<this> {
    await this.hears('ready');
    return this;
  }

  async isRefused(): Promise<Json> {
    return until(async () => this.refused[0], 'a refusal', 10_000, 5);
  }

  async isClosed(limitMs = 10_000): Promise<void> {
    await until(async () => !this.socket.connected, 'a closed socket', limitMs, 5);
  }

  async command(name: string, ...args: unknown[]): Promise<Json> {
    const answer: Json = await this.socket.timeout(10_000).emitWithAck(name, ...args);
    this.check(this.contract!.faultOfAnswer(name, answer));
    this.failIfWrong();
    return answer;
  }

  emit(name: string, ...args: unknown[]): void {
    this.socket.emit(name, ...args);
  }

  /** As when the network goes: without a word. */
  cut(): void {
    this.socket.io.engine.close();
  }

  connect(): void {
    this.socket.connect();
  }

  close(): void {
    this.wasClosed = true;
    this.socket.disconnect();
    this.failIfWrong();
  }

  /** First the contract, so that each event is checked as it comes. */
  private async begin(): Promise<void> {
    this.contract = await until(() => liveContractOf(this.origin).catch(() => undefined), 'the contract', 60_000, 100);
    if (!this.wasClosed) this.socket.connect();
  }

  private check(fault: string | null): void {
    if (fault) this.faults.push(fault);
  }

  private failIfWrong(): void {
    const [fault] = this.faults.splice(0);
    if (fault) throw new Error(`Not as declared: ${fault}`);
  }
}
