import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { subscribe } from 'node:diagnostics_channel';
import { plans } from '../database/preparing-client.js';

/** Of this process, in the text format of Prometheus. Labels have values from the code only, never what users send. */
export const registry = new Registry();
const registers = [registry];

/** Event-loop lag, memory, CPU, garbage collection. */
collectDefaultMetrics({ register: registry });

export const httpSeconds = new Histogram({
  name: 'vitrine_http_request_duration_seconds',
  help: 'Requests, from the first byte to the end of the answer. `route` is a pattern; `none` for unknown addresses.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  registers,
});

export const jobSeconds = new Histogram({
  name: 'vitrine_job_duration_seconds',
  help: 'Runs of jobs. `outcome` is done, failed (a later attempt may follow) or returned (the worker was stopping).',
  labelNames: ['job', 'outcome'] as const,
  buckets: [0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 3600],
  registers,
});

const toolSeconds = new Counter({
  name: 'vitrine_tool_seconds_total',
  help: 'Wall-clock seconds in programs for media.',
  labelNames: ['tool'] as const,
  registers,
});
// By name: the processing of media knows nothing of the platform, nor the platform of it.
subscribe('vitrine.tool-runs', (run) => {
  const { tool, seconds } = run as { tool: string; seconds: number };
  toolSeconds.inc({ tool }, seconds);
});

export const openSockets = new Gauge({
  name: 'vitrine_sockets',
  help: 'Open sockets of clients.',
  registers,
});

/** Registered by being made. */
export const statements = new Gauge({
  name: 'vitrine_statements',
  help: 'SQL statements since the start: `asked`, of these `prepared`; texts that are `kept` prepared now, and `retired`.',
  labelNames: ['state'] as const,
  registers,
  collect() {
    for (const [state, number] of Object.entries(plans.numbers)) this.set({ state }, number);
  },
});
