import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { queueNames } from '../../src/platform/queue/definition.js';
import { registry } from '../../src/platform/observability/metrics.js';
import '../../src/platform/observability/backlog.js';

const root = new URL('../../', import.meta.url);
const textOf = (file: string) => readFile(new URL(file, root), 'utf8');

it.each(['deploy/alerts.yml', 'deploy/grafana-dashboard.json', 'deploy/kubernetes/autoscaling.yaml', 'README.md'])(
  '%s names no metric that is not told',
  async (file) => {
    const told = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
    const named = [...(await textOf(file)).matchAll(/\b(?:vitrine|nodejs|process)_[a-z0-9_]+\b/g)].map(([name]) =>
      name.replace(/(?<=seconds)_(bucket|count|sum)$/, ''),
    );
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((name) => !told.has(name))).toEqual([]);
  },
);

/** Served by these commands, with those beside another (platform/queue/definition.ts). */
const queuesOf = (commands: string[][]) =>
  [
    ...['express', 'fanout', 'push'],
    ...commands.flatMap((command) => command.flatMap((word) => /^--queues=(.*)$/.exec(word)?.[1]?.split(',') ?? [])),
  ].toSorted();

interface Container {
  name: string;
  command: string[];
  ports?: { name: string; containerPort: number }[];
  securityContext: object;
  [probe: `${string}Probe`]: { httpGet: { path: string; port: string } };
}
interface Resource {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  spec: {
    selector?: { matchLabels?: Record<string, string> } & Record<string, unknown>;
    scaleTargetRef?: { name: string };
    template: {
      metadata?: Resource['metadata'];
      spec: { containers: Container[]; securityContext: object; terminationGracePeriodSeconds?: number };
    };
  };
}

async function resources(): Promise<Resource[]> {
  const files = await readdir(new URL('deploy/kubernetes/', root));
  const texts = await Promise.all(files.map((file) => textOf(`deploy/kubernetes/${file}`)));
  return texts.flatMap((text) =>
    parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Resource;
    }),
  );
}

it('the manifests set only what exists, once', async () => {
  const known = new Set((await textOf('.env.example')).match(/(?<=^# )[A-Z0-9_]+(?==)/gm));
  const set = (await resources()).flatMap(({ data, stringData }) => Object.keys({ ...data, ...stringData }));
  expect(set).toContain('DATABASE_URL');
  expect(set.filter((name) => !known.has(name))).toEqual([]);
  expect(new Set(set).size).toBe(set.length);
});

it('the processes of the manifests are confined, are asked for their health, and serve every queue', async () => {
  const all = await resources();
  const settings = Object.assign({}, ...all.map(({ data }) => data ?? {})) as Record<string, string>;
  const processes = all.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  expect(processes.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    ...['api', 'migrate', 'worker-image', 'worker-light', 'worker-video'],
  ]);
  for (const { kind, metadata, spec } of processes) {
    const { containers, securityContext, terminationGracePeriodSeconds } = spec.template.spec;
    expect(securityContext).toMatchObject({ runAsNonRoot: true });
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      if (kind === 'Job') continue;
      // Longer than the process takes to stop (main.ts, worker.ts).
      expect(terminationGracePeriodSeconds).toBeGreaterThan(28);
      expect(spec.selector!.matchLabels).toEqual(spec.template.metadata!.labels);
      const ports = new Map(container.ports!.map(({ name, containerPort }) => [name, String(containerPort)]));
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
        const { path, port } = container[probe]!.httpGet;
        expect(path).toBe(probe === 'readinessProbe' ? '/readyz' : '/livez');
        expect(ports.get(port)).toBe(metadata.name === 'api' ? settings.PORT : settings.WORKER_PORT);
      }
    }
  }
  const commands = processes.flatMap(({ spec }) => spec.template.spec.containers.map(({ command }) => command));
  expect(queuesOf(commands)).toEqual([...queueNames].toSorted());
});

it('budgets and autoscalers of the manifests are of processes that are there', async () => {
  const all = await resources();
  const names = new Set(all.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name));
  const of = (kind: string) => all.filter((resource) => resource.kind === kind);
  const budgets = of('PodDisruptionBudget').map(({ spec }) => spec.selector!.matchLabels!.process!);
  expect(new Set(budgets)).toEqual(names);
  const scaled = [...of('ScaledObject'), ...of('HorizontalPodAutoscaler')].map(({ spec }) => spec.scaleTargetRef!.name);
  expect(scaled.length).toBe(3);
  expect(scaled.filter((name) => !names.has(name))).toEqual([]);
});

it('the services of docker compose are confined in the same way, and serve every queue', async () => {
  const { services } = parse(await textOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { build?: string; command: string[] }>;
  };
  const own = Object.values(services).filter(({ build }) => build);
  expect(own).toHaveLength(5);
  for (const service of own)
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.any(String),
    });
  expect(queuesOf(own.map(({ command }) => command))).toEqual([...queueNames].toSorted());
});
