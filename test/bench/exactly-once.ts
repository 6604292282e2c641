// Exactly once from the log onward, at scale: a real Kafka, ingests and a store that are killed and stalled while events are published live; and a control that fails.
import { EXTRAS, missing } from '../support/extras.ts';
import type { Entry } from './entry.ts';
import { alone, type Figure, note } from './figure.ts';
import { type OncePlan, type OnceReport, runOnce } from './once/run.ts';

const SEED = Number(process.env['BENCH_SEED'] ?? 1);
/** How many events, where it is not as many as the goal says. */
const EVENTS = process.env['BENCH_EVENTS'];
const STALL_MS = 35_000;

const calm = {
  seed: SEED,
  ingest: 'ours',
  ingestKills: 0,
  brokerKills: 0,
  brokerStalls: 0,
  stallMs: STALL_MS,
  storeRestarts: 0,
  moves: 0,
} as const;

export const exactlyOnce: readonly Entry[] = [
  entry('exactly_once', 1_000_000, {
    title: '1 000 000 events through 20 kills of ingest, 5 kills and 5 stalls of the broker, 5 restarts of the store',
    plan: { ...calm, rate: 2_500, ingestKills: 20, brokerKills: 5, brokerStalls: 5, storeRestarts: 5 },
  }),
  entry('exactly_once_two', 200_000, {
    title: '200 000 events while a second ingest comes and goes 16 times, killed or asked to, and the first is killed 4 times',
    plan: { ...calm, rate: 1_000, ingestKills: 4, moves: 16 },
  }),
  entry('exactly_once_control', 60_000, {
    title: 'the same harness with a consumer that inserts and then commits: it has to fail',
    plan: { ...calm, rate: 600, ingest: 'naive', ingestKills: 6 },
  }),
];

function entry(name: string, events: number, { title, plan }: { title: string; plan: Omit<OncePlan, 'events'> }): Entry {
  return {
    name,
    title,
    isHeavy: true,
    run: async () => {
      if (missing('kafka').length > 0) {
        note(`Skipped: it needs a Kafka broker (${EXTRAS.kafka}).`);
        return [];
      }
      const count = EVENTS === undefined ? events : Number(EVENTS);
      return figuresOf(name, { ...plan, events: count }, await runOnce({ ...plan, events: count }));
    },
  };
}

function figuresOf(name: string, plan: OncePlan, report: OnceReport): Figure[] {
  note(JSON.stringify({ plan, ...report }, undefined, 2));
  const errors =
    plan.ingest === 'ours'
      ? alone({ name: `${name}_lost_or_doubled`, unit: 'events', goal: 0, direction: 'max' }, [report.errors])
      : alone({ name: `${name}_lost_or_doubled`, unit: 'events', goal: 1, direction: 'min' }, [report.errors]);
  const failures = report.gaveUp + report.codes.filter((code) => code !== 0).length;
  return [
    alone({ name: `${name}_events`, unit: 'events', goal: plan.events }, [report.published]),
    errors,
    alone({ name: `${name}_ends_by_itself`, unit: 'ends' }, [failures]),
  ];
}
