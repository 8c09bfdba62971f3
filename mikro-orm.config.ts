import { entities } from './src/entities.js';
import { readConfig } from './src/platform/config/env.js';
import { databaseUrl, ormOptions } from './src/platform/database/orm.js';

export default ormOptions(databaseUrl(readConfig()), entities);
