import { type EmbeddedPostgres, type PostgresOptions, startPostgres } from './postgres.js';
import { signalTo } from './process-table.js';

export interface KeptPostgres {
  url: string;
  stop(): Promise<void>;
  /** Immediate shutdown: committed data survives, the next start has to recover. */
  kill(): void;
}

/** Starts PostgreSQL, and restarts it on the same port whenever it ends unasked. */
export async function keepPostgres(
  options: PostgresOptions,
  events: { died: () => void; hopeless: (error: Error) => void },
): Promise<KeptPostgres> {
  let stopping = false;
  let server = await startPostgres(options);

  const watch = async (current: EmbeddedPostgres): Promise<void> => {
    await current.exited;
    if (stopping) return;
    events.died();
    server = await startPostgres({ ...options, port: current.port });
    if (stopping) return server.stop();
    return watch(server);
  };
  const watching = watch(server).catch(events.hopeless);

  return {
    url: server.url,
    stop: async () => {
      stopping = true;
      await server.stop();
      await watching;
    },
    kill: () => {
      stopping = true;
      signalTo(server.pid, 'SIGQUIT');
    },
  };
}
