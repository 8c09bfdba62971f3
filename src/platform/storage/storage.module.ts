import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { DiskStorage } from './disk-storage.js';
import { S3Storage } from './s3-storage.js';
import { Storage } from './storage.js';

/** A bucket when one is configured, else the data directory. */
export async function openStorage(config: Pick<Config, 's3' | 'dataDir'>): Promise<Storage> {
  const root = resolve(config.dataDir, 'storage');
  if (!config.s3) return DiskStorage.at(root);
  const staging = join(root, 'incoming');
  await mkdir(staging, { recursive: true });
  return new S3Storage(config.s3, staging);
}

@Global()
@Module({
  providers: [{ provide: Storage, useFactory: openStorage, inject: [CONFIG] }],
  exports: [Storage],
})
export class StorageModule {}
