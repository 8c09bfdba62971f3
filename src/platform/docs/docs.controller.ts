import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Public } from '../http/access.js';
import { varyOfPublic } from '../http/answer-headers.js';
import { problemsPage } from './problems-page.js';

const html = 'text/html; charset=utf-8';
const player = new URL('./player.html', import.meta.url);
const events = new URL('./events.html', import.meta.url);
/** Copied there by the build. */
const eventsScript = new URL('./events.js', import.meta.url);
const eventsStyle = new URL('./events.css', import.meta.url);
const hlsScript = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js');

/** Pages for developers who use the API. */
@ApiExcludeController()
@Controller('docs')
export class DocsController {
  /** Target of the `type` of every problem document. */
  @Get('problems')
  @Public()
  @Header('content-type', html)
  problems(): string {
    return problemsPage;
  }

  /** Shows one media: every size, and a player that continues when signed addresses expire. */
  @Get('player')
  @Public()
  @Header('content-type', html)
  player(): Promise<string> {
    return readFile(player, 'utf8');
  }

  /** Shows `/asyncapi.json`: what sockets say and take. */
  @Get('events')
  @Public()
  @Header('content-type', html)
  events(): Promise<string> {
    return readFile(events, 'utf8');
  }

  @Get('events.js')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'public, max-age=86400')
  @Header('vary', varyOfPublic())
  eventsScript(): Promise<string> {
    return readFile(eventsScript, 'utf8');
  }

  @Get('events.css')
  @Public()
  @Header('content-type', 'text/css; charset=utf-8')
  @Header('cache-control', 'public, max-age=86400')
  @Header('vary', varyOfPublic())
  eventsStyle(): Promise<string> {
    return readFile(eventsStyle, 'utf8');
  }

  @Get('hls.js')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'public, max-age=86400')
  @Header('vary', varyOfPublic())
  hls(): Promise<string> {
    return readFile(hlsScript, 'utf8');
  }
}
