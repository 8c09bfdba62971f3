import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { registry } from '../../src/platform/observability/metrics.js';
import '../../src/platform/observability/backlog.js';

it.each(['deploy/alerts.yml', 'deploy/grafana-dashboard.json', 'README.md'])(
  '%s names no metric that is not told',
  async (file) => {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    const told = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
    const named = [...text.matchAll(/\b(?:vitrine|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) =>
      name.replace(/(?<=seconds)_(bucket|count|sum)$/, ''),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !told.has(name))).toEqual([]);
  },
);
