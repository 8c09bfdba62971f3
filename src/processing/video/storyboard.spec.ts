import { expect, it } from 'vitest';
import { planStoryboard, storyboardVtt } from './storyboard.js';

it.each([
  ['a clip', 9_400, { intervalMs: 1000, columns: 9, rows: 1 }],
  ['less than a second', 400, { intervalMs: 1000, columns: 1, rows: 1 }],
  ['ten minutes', 600_000, { intervalMs: 2000, columns: 10, rows: 10 }],
  ['four hours', 14_400_000, { intervalMs: 60_000, columns: 10, rows: 10 }],
])('plans %s', (_, durationMs, expected) => {
  expect(planStoryboard({ width: 1920, height: 1080 }, durationMs)).toEqual({ ...expected, width: 160, height: 90 });
});

it('keeps the aspect ratio, and never enlarges', () => {
  expect(planStoryboard({ width: 720, height: 1280 }, 1000)).toMatchObject({ width: 90, height: 160 });
  expect(planStoryboard({ width: 64, height: 48 }, 1000)).toMatchObject({ width: 64, height: 48 });
});

it('has a cue for each picture on a sheet, up to the end of the video', () => {
  const plan = { intervalMs: 2000, width: 160, height: 90, columns: 2, rows: 2 };
  expect(storyboardVtt(plan, 10_900, ['/s/1.jpg', '/s/2.jpg'])).toBe(`WEBVTT

00:00:00.000 --> 00:00:02.000
/s/1.jpg#xywh=0,0,160,90

00:00:02.000 --> 00:00:04.000
/s/1.jpg#xywh=160,0,160,90

00:00:04.000 --> 00:00:06.000
/s/1.jpg#xywh=0,90,160,90

00:00:06.000 --> 00:00:08.000
/s/1.jpg#xywh=160,90,160,90

00:00:08.000 --> 00:00:10.900
/s/2.jpg#xywh=0,0,160,90
`);
});
