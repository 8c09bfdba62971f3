/** The mail inbox as a separate process: `node inbox-process.js <directory> <smtp port> <web port>`. */
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { admitOwnPagesOnly } from './own-pages-only.js';
import { exitWithParent } from './parent.js';
import { loopback } from '../platform/ports.js';
import { waitUntil } from './process-table.js';

interface MailDevSettings {
  mailDirectory: string;
  ip: string;
  smtp: number;
  web: number;
  silent: boolean;
}
type MailDev = (settings: MailDevSettings) => { listen(): Promise<void> };

const startLimitMs = 20_000;

exitWithParent();
const [mailDirectory = '', smtp, web] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const maildev = require('maildev') as MailDev;
const inbox = maildev({ mailDirectory, ip: loopback, smtp: Number(smtp), web: Number(web), silent: true });
// Mails hold codes and links that give access to accounts, and maildev lets any web page read and delete them.
admitOwnPagesOnly((require('maildev/lib/web') as { server: Server }).server);
await inbox.listen();
// If the web port is taken, the process dies with an uncaught error before this can succeed.
const answers = () =>
  fetch(`http://${loopback}:${web}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
if (await waitUntil(answers, startLimitMs)) process.send?.('ready');
