/** After this, a graceful end that hangs becomes an abrupt one. */
const graceMs = 30_000;

/**
 * Ends this process, gracefully, when the one that started it with an IPC channel is gone: nobody else would.
 * Does nothing in a process that was started by hand, by a container or by a service manager.
 */
export function exitWithParent(): void {
  // Undefined without a channel; false when the other end was gone before this was called.
  if (process.connected === undefined) return;
  process.channel?.unref();
  const end = () => {
    setTimeout(() => process.exit(1), graceMs).unref();
    process.kill(process.pid, 'SIGTERM');
  };
  if (process.connected) process.once('disconnect', end);
  else end();
}
