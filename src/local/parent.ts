/** Time for a graceful exit before a forced one. */
const graceMs = 30_000;

/**
 * Ends this process, gracefully, when the process that started it with an IPC channel dies: nobody else would. Does
 * nothing in a process started by hand, by a container or by a service manager.
 */
export function exitWithParent(): void {
  // Undefined without a channel; false if the other end is gone already.
  if (process.connected === undefined) return;
  process.channel?.unref();
  const end = () => {
    setTimeout(() => process.exit(1), graceMs).unref();
    process.kill(process.pid, 'SIGTERM');
  };
  if (process.connected) process.once('disconnect', end);
  else end();
}
