import { expect } from 'vitest';
import type { Client } from '../setup/client.js';
import { pathOf } from './folder.js';

export type Kind = 'photo' | 'video' | 'music';
/** `ready`; `failed` and the reason; or the status and reason of the refusal. */
export type Outcome = string;

/** Files by their expected outcome, as `path → outcome`. */
export const byFile = (table: Record<Outcome, string[]>): Map<string, Outcome> =>
  new Map(Object.entries(table).flatMap(([outcome, files]) => files.map((file): [string, Outcome] => [file, outcome])));

export interface Sent {
  /** Waits for the end of processing, if it got that far. */
  outcome(patienceMs?: number): Promise<Outcome>;
}

/** Sends a file. Any answer must be clear and reveal nothing of the machine. */
export async function send(client: Client, kind: Kind, file: string): Promise<Sent> {
  const { status, headers, body } = await client.uploadFile(kind, pathOf(file));
  if (status === 202 || status === 200) {
    return {
      async outcome(patienceMs) {
        const settled = await client.settled(body.url, patienceMs);
        if (settled.status === 'ready') return 'ready';
        expect(settled.failure).toEqual({ code: expect.any(String), message: expect.stringMatching(/^[A-Z][^/]*\.$/) });
        return `failed ${settled.failure.code}`;
      },
    };
  }
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body).toMatchObject({
    status,
    code: status === 415 ? 'unsupported_media_type' : 'content_refused',
    type: `/docs/problems#${body.code}`,
    title: expect.any(String),
    detail: expect.stringMatching(/^[A-Z].*\.$/),
    reason: expect.any(String),
  });
  expect(body.detail).not.toMatch(/tmp|storage|original|ffprobe|vips/i);
  return { outcome: async () => `${status} ${body.reason}` };
}
