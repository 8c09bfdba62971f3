import { Inject, Injectable, Module } from '@nestjs/common';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { CONFIG } from '../platform/config/config.module.js';
import type { Config } from '../platform/config/env.js';
import { resolveBinaries, type Binaries } from '../processing/run/binaries.js';
import { budgetOf, type Budget, type Work } from '../processing/run/budget.js';

/** Processing's resources on this machine: ffmpeg, ffprobe, threads, a work folder. */
@Injectable()
export class Tools {
  readonly threads: number;
  /** Holds one workspace per running job. */
  readonly workRoot: string;
  private found: Promise<Binaries> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    // CPUs left by affinity and the container's quota. One is left to the API, whose latency encodes must not affect.
    this.threads = config.ffmpeg.threads || Math.max(1, availableParallelism() - 1);
    this.workRoot = resolve(config.dataDir, 'work');
  }

  budgetOf(work: Work): Budget {
    return budgetOf(work, this.threads, this.config.ffmpeg.memoryBytes);
  }

  binaries(): Promise<Binaries> {
    const { ffmpegPath, ffprobePath } = this.config.ffmpeg;
    this.found ??= resolveBinaries({ ...(ffmpegPath && { ffmpegPath }), ...(ffprobePath && { ffprobePath }) });
    return this.found;
  }
}

@Module({ providers: [Tools], exports: [Tools] })
export class ToolsModule {}
