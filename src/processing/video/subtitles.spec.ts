import { describe, expect, it } from 'vitest';
import { readSubtitles } from './subtitles.js';

const read = async (text: string | Buffer) => (await readSubtitles(Buffer.from(text))).vtt;
const srt = '1\n00:00:01,000 --> 00:00:02,500\nHello <i>there</i>\n\n2\n0:0:3,5 --> 0:0:4,0\nSecond\nline\n';

describe('subtitles', () => {
  it('are converted to WebVTT', async () => {
    expect(await read(srt)).toBe(
      'WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello <i>there</i>\n\n00:00:03.500 --> 00:00:04.000\nSecond\nline\n',
    );
  });

  it('may be WebVTT, whose styles and comments are removed', async () => {
    const vtt =
      'WEBVTT title\n\nSTYLE\n::cue { background: url(http://127.0.0.1/x) }\n\nNOTE secret\n\nid\n00:01.000 --> 00:02.000 align:start\n<v Ann>Hi</v>\n';
    expect(await read(vtt)).toBe('WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n');
  });

  it.each([
    ['with a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(srt)])],
    ['in UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(srt, 'utf16le')])],
    ['with Windows line ends', Buffer.from(srt.replaceAll('\n', '\r\n'))],
  ])('are read %s', async (_, bytes) => {
    expect(await read(bytes)).toContain('Hello <i>there</i>');
  });

  it('are read in Windows-1252', async () => {
    expect(await read(Buffer.from('1\n00:00:01,000 --> 00:00:02,000\nF\xf6hn\n', 'latin1'))).toContain('Föhn');
  });

  it('keep only text of HTML that could run or load something', async () => {
    const hostile =
      '1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script><img src=x onerror=alert(1)> 1 < 2 & "3" &lt;b&gt; {\\an8}top\0\n';
    const vtt = await read(hostile);
    expect(vtt).not.toMatch(/<(?!\/?[biu]>)/);
    expect(vtt).toContain('"3"');
    expect(vtt).not.toContain('{\\an8}');
    expect(vtt).not.toContain('\0');
  });

  it('lose cues with invalid times', async () => {
    const odd = `1\n00:00:05,000 --> 00:00:02,000\nback\n\n2\n99:59:59,000 --> 99:59:59,999\nlate\n\n3\n23:59:59,000 --> 24:00:00,000\nmidnight\n\n${srt}`;
    const vtt = await read(odd);
    expect(vtt).not.toContain('back');
    expect(vtt).not.toContain('late');
    expect(vtt).not.toContain('midnight');
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'empty_file'],
    ['too much', Buffer.alloc(3 * 1024 * 1024, 'a'), 'too_large'],
    ['no subtitles', Buffer.from('just words'), 'content_mismatch'],
    ['one endless line', Buffer.from(`WEBVTT\n\n${'x'.repeat(1_000_000)}`), 'content_mismatch'],
  ])('are refused: %s', async (_, bytes, code) => {
    await expect(readSubtitles(bytes)).rejects.toMatchObject({ code });
  });
});
