import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';

export interface Mail {
  /** One address. `name` may hold anything. */
  to: { address: string; name?: string };
  subject: string;
  text: string;
  html: string;
  headers?: Record<string, string>;
}

export class MailNotConfigured extends Error {
  constructor() {
    super('Cannot send mail: SMTP_URL is not set');
  }
}

/** An address that a mail server could read as several, as none, or as something else. */
export class BadAddress extends Error {
  constructor() {
    super('Not a single plain mail address');
  }
}

// Stricter than RFC 5321: no quoted local part, no comment, no list, no route, no white space.
const plainAddress = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}]{1,255}$/u;

const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 };
/** Nodemailer would otherwise read a body or attachment from a local path or a URL. */
const noReferences = { disableFileAccess: true, disableUrlAccess: true };

/** Keeps auto-responders from answering (RFC 3834). */
const automatic = { 'Auto-Submitted': 'auto-generated' };

/** Line breaks would inject headers. */
const oneLine = (value: string) => value.replace(/\p{Cc}+/gu, ' ').trim();

@Injectable()
export class Mailer implements OnModuleDestroy {
  private readonly transport: Transporter | undefined;
  private readonly from: string;

  constructor(@Inject(CONFIG) { mail }: Pick<Config, 'mail'>) {
    this.from = mail.from;
    if (mail.smtpUrl) this.transport = createTransport({ url: mail.smtpUrl, pool: true, ...timeouts, ...noReferences });
  }

  /**
   * Hands the mail to the server for exactly one recipient; on an error it has to be tried again.
   * @throws {MailNotConfigured}
   * @throws {BadAddress}
   */
  async send({ to, subject, text, html, headers = {} }: Mail): Promise<void> {
    if (!this.transport) throw new MailNotConfigured();
    if (!plainAddress.test(to.address)) throw new BadAddress();
    await this.transport.sendMail({
      from: this.from,
      // The name is user data and must never be parsed for addresses; the object form is not parsed.
      to: { name: oneLine(to.name ?? ''), address: to.address },
      subject: oneLine(subject),
      text,
      html,
      headers: Object.fromEntries(
        Object.entries({ ...automatic, ...headers }).map(([name, value]) => [name, oneLine(value)]),
      ),
    });
  }

  onModuleDestroy(): void {
    this.transport?.close();
  }
}
