/**
 * Copies what shows /docs/events beside the built code, so that the package that it comes from is needed for building
 * only. Plain JavaScript, because it must run on any Node.
 */
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const from = '@asyncapi/react-component';
copyFileSync(require.resolve(`${from}/browser/standalone/index.js`), 'dist/platform/docs/events.js');
copyFileSync(require.resolve(`${from}/styles/default.min.css`), 'dist/platform/docs/events.css');
