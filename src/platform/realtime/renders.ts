import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { IdsOf, ShownName } from './live-events.js';

export const RENDERS = Symbol('renders');

/** Somebody who is told, and of what. */
export interface Told<N extends ShownName> {
  userId: string;
  ids: IdsOf<N>;
}
export interface Rendering {
  name: ShownName;
  payload: z.ZodObject;
}

/**
 * Makes a method THE one that writes the payloads of a live event: for each that is told, in the same order, what that
 * user may see now, or null if it is gone or hidden. One or two statements, however many there are.
 */
export const Renders =
  <N extends ShownName, P extends z.ZodObject>(name: N, payload: P) =>
  <H extends (told: Told<N>[]) => Promise<(z.infer<P> | null)[]>>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<H>,
  ) =>
    SetMetadata(RENDERS, { name, payload } satisfies Rendering)(target, key, method);
