/**
 * Lets Node run these scripts directly: imports from `src` resolve to the output of `nest build`, the very code that
 * `npm start` runs, and imports of each other are TypeScript with types stripped.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

const root = new URL('../', import.meta.url).href;
const [source, built] = [`${root}src/`, `${root}dist/`];
const isScript = (url = '') => url.startsWith(`${root}bench/`) || url.startsWith(`${root}test/`);

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || !isScript(context.parentURL)) return next(specifier, context);
    const { href } = new URL(specifier, context.parentURL);
    if (href.startsWith(source)) return next(href.replace(source, built), context);
    const typed = new URL(href.replace(/\.js$/, '.ts'));
    return next(existsSync(typed) ? typed.href : href, context);
  },
});
