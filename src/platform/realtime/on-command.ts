import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import type { Viewer } from '../http/viewer.js';
import type { CommandName } from './commands.js';

export const ON_COMMAND = Symbol('on-command');

export interface Caller {
  viewer: Viewer;
  socketId: string;
}
export interface Handling {
  name: CommandName;
  body: z.ZodType<object>;
  answer: z.ZodType;
}

/** Makes a provider's method THE handler of a command. What it returns is acknowledged, as is a Problem it throws. */
export const OnCommand =
  <B extends z.ZodType<object>, A extends z.ZodType>(name: CommandName, body: B, answer: A) =>
  <H extends (caller: Caller, body: z.infer<B>) => Promise<z.infer<A>>>(
    target: object,
    key: string | symbol,
    method: TypedPropertyDescriptor<H>,
  ) =>
    SetMetadata(ON_COMMAND, { name, body, answer } satisfies Handling)(target, key, method);
