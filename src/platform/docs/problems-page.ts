import { problems } from '../http/problem-codes.js';

const escape = (text: string) =>
  text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/`([^`]+)`/g, '<code>$1</code>');

const rows = Object.entries(problems)
  .toSorted(([, a], [, b]) => a.status - b.status)
  .map(
    ([code, { status, title, detail }]) =>
      `<tr id="${code}"><td>${status}</td><td><code>${code}</code></td><td>${escape(`${title}. ${detail}`)}</td></tr>`,
  )
  .join('\n');

export const problemsPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Problems · Vitrine</title>
<style>body{font:16px/1.5 system-ui;max-width:52rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.3rem .8rem .3rem 0;
vertical-align:top;border-bottom:1px solid #ddd}tr:target{background:#fff3c4}</style>
<h1>Problems</h1><p>Every refusal is a problem document (RFC 9457). Programs decide by its <code>code</code>.</p>
<table><tr><th>Status<th>Code<th>Meaning</tr>
${rows}
</table></html>
`;
