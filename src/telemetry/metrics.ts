/**
 * Every metric, declared in one place: base units, labels from closed sets plus the kind, name and namespace of a
 * custom resource. Counting is done where things happen; this module only declares and renders.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How full one queue is. */
export interface QueueSample {
  readonly queue: string;
  /** Jobs that wait, delayed ones included. */
  readonly depth: number;
  /** Age of the job that has waited longest; 0 for an empty queue. */
  readonly oldestSeconds: number;
}

/** All metrics of a process. */
export type Metrics = ReturnType<typeof createMetrics>;

const STEP_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Metrics with a registry of their own, so that several processes can live in one test. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const queues = createQueueMetrics(registry);
  return {
    ...createPipelineMetrics(registry),
    ...createEdgeMetrics(registry),
    /** Tells how to read the queues, which is done whenever the metrics are rendered. */
    observeQueues: queues.observe,
    /** Content type of what `render` returns. */
    contentType: registry.contentType,
    async render(): Promise<string> {
      await queues.refresh();
      return await registry.metrics();
    },
  };
}

/** What the pipeline counts about syncs and the objects they write. */
function createPipelineMetrics(registry: Registry) {
  const registers = [registry];
  return {
    syncRequestsTotal: new Counter({
      name: 'hawser_sync_requests_total',
      help: 'Requests that syncs answered, by kind and by what asked: webhook, source, spec, drift, health, interval, …',
      labelNames: ['kind', 'trigger'],
      registers,
    }),
    syncsTotal: new Counter({
      name: 'hawser_syncs_total',
      help: 'Syncs that ended, by kind and outcome.',
      labelNames: ['kind', 'result'],
      registers,
    }),
    syncDurationSeconds: new Histogram({
      name: 'hawser_sync_duration_seconds',
      help: 'How long the steps of a sync took.',
      labelNames: ['kind', 'step'],
      buckets: STEP_BUCKETS,
      registers,
    }),
    changedObjectsTotal: new Counter({
      name: 'hawser_changed_objects_total',
      help: 'Objects in the cluster, by what a sync did to them.',
      labelNames: ['action'],
      registers,
    }),
    driftCorrectedTotal: new Counter({
      name: 'hawser_drift_corrected_total',
      help: 'Changes and deletions by others that were seen and asked to be put back, by Kustomization.',
      labelNames: ['name', 'namespace'],
      registers,
    }),
    lastSuccessfulSyncTimestampSeconds: new Gauge({
      name: 'hawser_last_successful_sync_timestamp_seconds',
      help: 'When the object was last synced with success, as Unix time.',
      labelNames: ['kind', 'name', 'namespace'],
      registers,
    }),
  };
}

/** What the edges count: providers and the API server's watches. */
function createEdgeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    deliveriesTotal: new Counter({
      name: 'hawser_deliveries_total',
      help: 'Webhook deliveries, by provider (`receiver` for calls of Receivers) and by what became of them.',
      labelNames: ['provider', 'result'],
      registers,
    }),
    missedHooksTotal: new Counter({
      name: 'hawser_missed_hooks_total',
      help: 'Pushes that polling found and no webhook told of within 30 s, where webhooks are to be expected, by GitRepository.',
      labelNames: ['kind', 'name', 'namespace'],
      registers,
    }),
    triggersTotal: new Counter({
      name: 'hawser_triggers_total',
      help: 'Calls of the trigger, by what became of them: accepted, repeated, refused, forbidden, invalid, unavailable.',
      labelNames: ['result'],
      registers,
    }),
    triggerStreams: new Gauge({
      name: 'hawser_trigger_streams',
      help: 'Triggers that are being waited for.',
      registers,
    }),
    commitStatusTotal: new Counter({
      name: 'hawser_commit_status_total',
      help: 'Attempts to post a commit status, by provider and result.',
      labelNames: ['provider', 'result'],
      registers,
    }),
    notificationsTotal: new Counter({
      name: 'hawser_notifications_total',
      help: 'Events for notification-controller, by result: sent, duplicate, refused, dropped.',
      labelNames: ['result'],
      registers,
    }),
    watchRestartsTotal: new Counter({
      name: 'hawser_watch_restarts_total',
      help: 'Watches of the API server that ended and were started again, by reason.',
      labelNames: ['reason'],
      registers,
    }),
  };
}

function createQueueMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['queue'];
  const depth = new Gauge({ name: 'hawser_queue_depth', help: 'Jobs that wait.', labelNames, registers });
  const oldest = new Gauge({
    name: 'hawser_queue_oldest_seconds',
    help: 'How long the oldest job has waited.',
    labelNames,
    registers,
  });
  const readable = new Gauge({
    name: 'hawser_queues_readable',
    help: '1 if Redis told about the queues, 0 if it did not answer.',
    registers,
  });
  let read: () => Promise<readonly QueueSample[]> = () => Promise.resolve([]);
  return {
    observe(source: () => Promise<readonly QueueSample[]>): void {
      read = source;
    },
    async refresh(): Promise<void> {
      depth.reset();
      oldest.reset();
      // Redis being away is a fact to show, no reason to show nothing.
      const samples = await read().catch(() => undefined);
      readable.set(samples ? 1 : 0);
      for (const sample of samples ?? []) {
        depth.set({ queue: sample.queue }, sample.depth);
        oldest.set({ queue: sample.queue }, sample.oldestSeconds);
      }
    },
  };
}
