/** `npm run bench`, or `npm run bench -- photo video --pairs=7`: see docs/performance.md. */
import { parseArgs } from 'node:util';
import { avatar } from './avatar.js';
import { commits } from './commits.js';
import { consequences } from './consequences.js';
import { deliver } from './deliver.js';
import { fairness } from './fairness.js';
import { fanout, feed } from './feed.js';
import { growth } from './growth.js';
import { idle } from './idle.js';
import { figures, type Settings } from './measure.js';
import { memory } from './memory.js';
import { music } from './music.js';
import { peers } from './peers.js';
import { photo } from './photo.js';
import { queue } from './queue.js';
import { list, read, write } from './read.js';
import { relay } from './relay.js';
import { socket } from './socket.js';
import { start } from './start.js';
import { upload } from './upload.js';
import { video } from './video.js';

const benches: Record<string, (settings: Settings) => Promise<void>> = {
  photo,
  video,
  music,
  upload,
  deliver,
  avatar,
  queue,
  idle,
  fairness,
  memory,
  start,
  peers,
  growth,
  read,
  list,
  write,
  feed,
  fanout,
  consequences,
  commits,
  relay,
  socket,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' } },
});
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length) {
  console.error(`There is no ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}

for (const name of positionals.length ? positionals : Object.keys(benches)) {
  try {
    await benches[name]!({ pairs: Number(values.pairs) });
  } catch (error) {
    console.error(`${name}:`, error);
    process.exitCode = 1;
  }
}
console.table(
  Object.fromEntries(figures.map(({ name, spread, ...rest }) => [name, { ...rest, spread: spread.join(' … ') }])),
);
