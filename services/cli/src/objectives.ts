// Objectives of a watch list entry judged by one census: met, missed, or not measured, which is neither.
import { OBJECTIVES, type Objective } from '@swarmscope/events/enums.ts';
import type { SwarmReport } from './probe-report.ts';

export interface Judgement {
  readonly objective: Objective;
  readonly wanted: number;
  /** null: nothing was measured that says it. */
  readonly got: number | null;
  readonly state: 'met' | 'missed' | 'unknown';
}

/** How many there are of what each objective counts. Zero is a measurement only where somebody or something could have been seen. */
const COUNTED: Readonly<Record<Objective, (swarm: SwarmReport) => number | null>> = {
  min_proved_seeders: (swarm) => (wasSeen(swarm) ? swarm.counts.proved : null),
  min_proved_outside: (swarm) => (wasSeen(swarm) ? swarm.proved_outside : null),
  min_trackers_up: ({ trackers }) =>
    trackers.length === 0 ? null : new Set(trackers.filter(({ outcome }) => outcome === 'ok').map(({ tracker }) => tracker)).size,
  min_web_seeds_intact: ({ web_seeds }) =>
    web_seeds.length === 0 ? null : web_seeds.filter(({ outcome }) => outcome === 'ok').length,
};

/** Somebody of the swarm was reached, or at least its sources answered that there is nobody: else we may be blind. */
function wasSeen({ reached, trackers, estimates }: SwarmReport): boolean {
  return reached > 0 || trackers.some(({ outcome }) => outcome === 'ok') || estimates.sources.some(({ failed }) => !failed);
}

/** In the order of OBJECTIVES; names that are no objectives are left out. */
export function judge(objectives: Readonly<Record<string, number>>, swarm: SwarmReport): Judgement[] {
  return OBJECTIVES.flatMap((objective) => {
    const wanted = objectives[objective];
    if (wanted === undefined) return [];
    const got = COUNTED[objective](swarm);
    const state = got === null ? ('unknown' as const) : got >= wanted ? ('met' as const) : ('missed' as const);
    return [{ objective, wanted, got, state }];
  });
}
