import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logPage } from './log.js';
import { Stream, type Rendered } from './stream.js';

const event = (seq: number): Rendered => ({
  seq,
  name: 'e',
  at: '1970-01-01T00:00:00.000Z',
  payload: seq % 10 === 0 ? null : { seq },
});

/** A log that grows, and a client that can stop reading. */
class Scene {
  readonly log: Rendered[] = [];
  readonly heard: number[] = [];
  readonly network = new EventEmitter();
  waiting = 0;
  gaveUp = false;
  reads = 0;
  fails = 0;
  readonly stream: Stream;

  /** @param readMs how long reading the log takes */
  constructor(readMs = 1) {
    this.stream = new Stream(
      'e',
      0,
      {
        emit: (_name, payload) => this.heard.push((payload as { seq: number }).seq),
        waiting: () => this.waiting,
        onDrain: (call) => void this.network.on('drain', call),
        giveUp: () => (this.gaveUp = true),
      },
      async (after) => {
        this.reads++;
        if (readMs) await sleep(readMs);
        if (this.fails-- > 0) throw new Error('down');
        return this.log.filter(({ seq }) => seq > after).slice(0, logPage);
      },
      () => undefined,
    );
  }

  grow(count: number): Rendered[] {
    const added = Array.from({ length: count }, (_, i) => event(this.log.length + i + 1));
    this.log.push(...added);
    return added;
  }

  get expected(): number[] {
    return this.log.filter(({ payload }) => payload).map(({ seq }) => seq);
  }
}

describe('a stream', () => {
  it('reads the log in pages, then goes on live without reading', async () => {
    const scene = new Scene();
    scene.grow(450);
    scene.stream.catchUp();
    await sleep(50);
    const reads = scene.reads;
    for (const one of scene.grow(30)) scene.stream.offer(one);
    expect(scene.heard).toEqual(scene.expected);
    await sleep(20);
    expect(scene.reads).toBe(reads);
  });

  it('reads what is missing in between, and nothing twice', async () => {
    const scene = new Scene();
    scene.stream.catchUp();
    await sleep(10);
    const [first, , third, fourth] = scene.grow(4);
    for (const one of [first!, third!, fourth!, first!]) scene.stream.offer(one);
    await sleep(20);
    expect(scene.heard).toEqual([1, 2, 3, 4]);
  });

  it('does not lose what is offered while it reads the last page', async () => {
    const scene = new Scene();
    scene.grow(5);
    scene.stream.catchUp();
    // The page is on its way; these came after it was read.
    await Promise.resolve();
    for (let i = 0; i < 20; i++) {
      for (const one of scene.grow(3)) scene.stream.offer(one);
      await sleep(1);
    }
    await sleep(20);
    expect(scene.heard).toEqual(scene.expected);
  });

  it('goes on after the log could not be read', async () => {
    const scene = new Scene();
    scene.fails = 1;
    scene.grow(5);
    scene.stream.catchUp();
    await sleep(1_100);
    expect(scene.heard).toEqual(scene.expected);
  });

  it('reads what could not be rendered with the others', async () => {
    const scene = new Scene();
    scene.stream.catchUp();
    await sleep(10);
    for (const { seq } of scene.grow(3)) scene.stream.missed(seq);
    await sleep(20);
    expect(scene.heard).toEqual(scene.expected);
  });

  it('passes numbers that show nothing: its cursor moves on', async () => {
    const scene = new Scene();
    scene.grow(10);
    scene.stream.catchUp();
    await sleep(20);
    const [, epoch, seq] = JSON.parse(Buffer.from(scene.stream.cursor, 'base64url').toString()) as unknown[];
    expect([epoch, seq]).toEqual(['e', 10]);
  });
});

describe('a slow reader', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('gets nothing more until it has read, then the rest in order', async () => {
    const scene = new Scene(0);
    scene.stream.catchUp();
    await vi.advanceTimersByTimeAsync(20);
    scene.waiting = 65;
    for (const one of scene.grow(500)) scene.stream.offer(one);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scene.heard.length).toBeLessThanOrEqual(1);
    scene.waiting = 0;
    scene.network.emit('drain');
    await vi.advanceTimersByTimeAsync(100);
    expect(scene.heard).toEqual(scene.expected);
    expect(scene.gaveUp).toBe(false);
  });

  it('is given up after a minute', async () => {
    const scene = new Scene(0);
    scene.stream.catchUp();
    await vi.advanceTimersByTimeAsync(20);
    for (const one of scene.grow(1)) scene.stream.offer(one);
    scene.waiting = 65;
    for (const one of scene.grow(1)) scene.stream.offer(one);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(scene.gaveUp).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(scene.gaveUp).toBe(true);
  });

  it('that reads slowly is not', async () => {
    const scene = new Scene(0);
    scene.stream.catchUp();
    await vi.advanceTimersByTimeAsync(20);
    scene.waiting = 65;
    for (let minute = 0; minute < 3; minute++) {
      for (const one of scene.grow(1)) scene.stream.offer(one);
      await vi.advanceTimersByTimeAsync(50_000);
      scene.network.emit('drain');
    }
    expect(scene.gaveUp).toBe(false);
  });
});
