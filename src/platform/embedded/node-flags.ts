/**
 * How each of our processes is started: with stack traces that name the sources, and with a small young generation. The
 * API streams large files through short-lived buffers, and with V8's usual 16 MiB they pile up between collections: 65
 * MiB and more for one upload, 20 with this, at no cost in speed (docs/decisions/0002-small-young-generation.md).
 */
export const nodeFlags = ['--enable-source-maps', '--max-semi-space-size=1'];

/**
 * What has to be in the environment before a process begins: glibc keeps up to eight heaps per CPU for its threads, and
 * what libvips frees in one does not serve another (docs/decisions/0005-two-malloc-arenas.md).
 */
export const nodeEnv = { MALLOC_ARENA_MAX: '2' };
