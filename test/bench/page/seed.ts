// A month of swarm samples for the benchmark of the page: every census that store_scale would store, the peers of the last day only.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { EmbeddedStore } from '@swarmscope/store/embedded.ts';
import { note } from '../figure.ts';
import { roundStatements } from '../store/seed.ts';
import { ROUND_MS, SWARMS } from '../store/world.ts';

/** What the boards read over the whole month; the other topics are there in the newest rounds. */
const ALWAYS: ReadonlySet<Topic> = new Set([
  'swarm_sampled',
  'crawl_sampled',
  'service_sampled',
  'torrent_resolved',
  'torrent_watched',
]);
/** A day and a little more. */
const WHOLE_ROUNDS = 9;

/** Seeds at least `samples` rows of swarm_sampled, the newest first; returns where the month ends (epoch milliseconds). A run that was stopped is continued. */
export async function seedSamples(store: EmbeddedStore, directory: string, samples: number): Promise<number> {
  const file = join(directory, 'page-plan.json');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify({ endMs: Date.now(), rounds: Math.ceil(samples / SWARMS) }));
  const { endMs, rounds } = JSON.parse(readFileSync(file, 'utf8')) as { endMs: number; rounds: number };
  const [found] = await store.query<{ rounds: number }>(`SELECT intDiv(count(), ${SWARMS}) AS rounds FROM swarm_sampled`);
  // The round that was under way comes again; its statements are dropped where they were done.
  for (let done = Math.max(0, found!.rounds - 1); done < rounds; done += 1) {
    // Round 0 carries torrents and watch list: it is the newest.
    const startMs = endMs - (done + 1) * ROUND_MS;
    const round = { number: done, startMs, strangers: false };
    for (const [topic, sql] of roundStatements(round, (endMs - startMs) / 86_400_000))
      if (done < WHOLE_ROUNDS || ALWAYS.has(topic)) await store.tell(sql);
    if (done % 20 === 19) note(`${done + 1} of ${rounds} rounds stored`);
  }
  await store.refresh();
  return endMs;
}
