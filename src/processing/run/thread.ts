import { Worker } from 'node:worker_threads';

type ThreadLimits = { timeMs: number; memoryMiB: number; signal?: AbortSignal };
type ThreadAnswer<T> = { answer: T } | { failure: 'timed_out' | 'out_of_memory' | 'crashed' };

/**
 * Runs CommonJS source in its own thread, which can be terminated at any time: for parsers that hostile input may send
 * into an endless loop, and for work that would block the event loop.
 * @param source gets `workerData`, and posts one message to `parentPort`
 * @throws the signal's reason when aborted
 */
export async function runInThread<T>(
  source: string,
  workerData: object,
  { timeMs, memoryMiB, signal }: ThreadLimits,
): Promise<ThreadAnswer<T>> {
  signal?.throwIfAborted();
  const worker = new Worker(source, {
    eval: true,
    env: {},
    execArgv: [],
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: memoryMiB },
    // Keeps messages about damaged files out of our log.
    stdout: true,
  });
  let timer: NodeJS.Timeout | undefined;
  const end = () => void worker.terminate();
  signal?.addEventListener('abort', end, { once: true });
  try {
    const answer = await new Promise<ThreadAnswer<T>>((resolve) => {
      timer = setTimeout(() => resolve({ failure: 'timed_out' }), timeMs);
      worker.once('message', (answer: T) => resolve({ answer }));
      worker.once('exit', () => resolve({ failure: 'crashed' }));
      // Errors that the input caused in the parser are the input's fault, not ours.
      worker.once('error', ({ code }: NodeJS.ErrnoException) =>
        resolve({ failure: code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out_of_memory' : 'crashed' }),
      );
    });
    signal?.throwIfAborted();
    return answer;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
    await worker.terminate();
  }
}
