import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Client } from './client.js';
import { picture } from './make-media.js';
import { until } from './until.js';
import { Vitrine } from './vitrine.js';

/** Memory that allocators retain, bytes: a hostile picture takes several times as much. */
const kept = 160 * 1024 ** 2;

type Kind = 'photo' | 'video' | 'music';
/** `ready`; `failed` and the reason; or the status and reason of the refusal. */
export type Outcome = string;

/** A Vitrine with an attacker, and another user who must not be affected. */
export class Siege {
  private constructor(
    readonly vitrine: Vitrine,
    readonly attacker: Client,
    private readonly bystander: Client,
    /** Memory of each process after an ordinary photo. */
    private readonly plateau: Map<string, number>,
  ) {}

  static async begin(env: Record<string, string> = {}): Promise<Siege> {
    const vitrine = await Vitrine.start({ env });
    const [attacker, bystander] = [await vitrine.signUp(), await vitrine.signUp()];
    await bystander.publish('photo', await picture(2000, 1500).jpeg().toBuffer());
    return new Siege(vitrine, attacker, bystander, await residentBytes(vitrine));
  }

  /** The outcome of a file. A refusal is a problem document that reveals nothing of the machine. */
  async send(kind: Kind, bytes: Buffer, filename?: string): Promise<Outcome> {
    const { status, headers, body } = await this.attacker.upload(kind, bytes, filename);
    if (status < 300) {
      const { failure } = await this.attacker.settled(body.url);
      return failure ? `failed ${failure.code}` : 'ready';
    }
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body.detail).not.toMatch(/tmp|storage|original|ffprobe|vips/i);
    return `${status} ${body.reason ?? body.code}`;
  }

  /** Checks that another user's photo becomes ready during `attack`. */
  async during<T>(attack: () => Promise<T>): Promise<T> {
    const [result] = await Promise.all([
      attack(),
      picture(90, 60)
        .png()
        .toBuffer()
        .then((bytes) => this.bystander.publish('photo', bytes)),
    ]);
    return result;
  }

  /** No child process is left, no files either, and the processes are still the original ones. */
  async expectNothingLeft(): Promise<void> {
    const { vitrine } = this;
    await until(async () => (await this.children()).length === 0, 'the last child process to end');
    await until(async () => (await readdir(join(vitrine.dataDir, 'work'))).length === 0, 'the workspaces to be gone');
    await until(
      async () => (await vitrine.stored('storage/incoming')).length === 0,
      'the staging directory to be empty',
    );
    for (const [name, { exitCode, signalCode }] of vitrine.processes)
      expect({ name, exitCode, signalCode }).toEqual({ name, exitCode: null, signalCode: null });
    const isFlat = async () =>
      [...(await residentBytes(vitrine))].every(([name, bytes]) => bytes < this.plateau.get(name)! + kept);
    await until(isFlat, 'the memory to be given back', 30_000);
    expect(vitrine.said).not.toMatch(/"level":[56]0/);
  }

  end(): Promise<void> {
    return this.vitrine.stop();
  }

  /** Running child processes. */
  async children(): Promise<{ pid: string; name: string }[]> {
    const parents = new Set([...this.vitrine.processes.values()].map(({ pid }) => pid));
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
    return stats.flatMap((stat) => {
      const [, pid, name, parent] = /^(\d+) \((.*)\) \w (\d+)/s.exec(stat) ?? [];
      return parents.has(Number(parent)) ? [{ pid: pid!, name: name! }] : [];
    });
  }
}

async function residentBytes({ processes }: Vitrine): Promise<Map<string, number>> {
  const found = [...processes].map(async ([name, { pid }]): Promise<[string, number]> => {
    const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))!;
    return [name, Number(kibibytes) * 1024];
  });
  return new Map(await Promise.all(found));
}
