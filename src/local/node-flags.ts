/** Flags of all our processes: stack traces with source positions, and `gc()` (platform/spent-buffers.ts). */
export const nodeFlags = ['--enable-source-maps', '--expose-gc'];

/**
 * Must be in the environment before a process starts. libvips decodes in the thread pool in which Node reads files and
 * hashes passwords, so the pool must be larger than the number of pictures decoded at once (uploads/settle.service.ts).
 * glibc would keep up to eight heaps per CPU, and memory that libvips frees in one is not reused by another
 * (docs/decisions/0005-two-malloc-arenas.md).
 */
export const nodeEnv = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '16' };
