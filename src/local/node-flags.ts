/**
 * How each of our processes is started: with stack traces that name the sources, and with a say in when V8 collects
 * (platform/spent-buffers.ts).
 */
export const nodeFlags = ['--enable-source-maps', '--expose-gc'];

/**
 * What has to be in the environment before a process begins. libvips decodes in the threads in which Node reads files and
 * hashes passwords: there have to be more than pictures are decoded at once (uploads/settle.service.ts). And glibc keeps up to eight heaps per CPU for its threads, and
 * what libvips frees in one does not serve another (docs/decisions/0005-two-malloc-arenas.md).
 */
export const nodeEnv = { MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '16' };
