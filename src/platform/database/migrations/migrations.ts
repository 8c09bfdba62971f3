import { Migration0001Initial } from './0001-initial.js';

export const migrations = [{ name: '0001-initial', class: Migration0001Initial }];
