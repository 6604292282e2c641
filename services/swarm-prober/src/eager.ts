// Swarms that have somebody to dial: they take turns, so that a large swarm does not starve the small ones.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Probes } from './probes.ts';
import type { ProbedSwarm } from './swarm.ts';

export class Eager {
  readonly #swarms = new Set<ProbedSwarm>(); // bound: those with a census under way

  add(swarm: ProbedSwarm): void {
    this.#swarms.add(swarm);
  }

  /** Dials for one after the other, as long as there is room. */
  dial(now: number, probes: Probes, isDistrusted: (swarmId: string, endpoint: Endpoint) => boolean): void {
    let progress = true;
    while (progress && probes.hasRoom) {
      progress = false;
      for (const swarm of this.#swarms) {
        const { census, views, id } = swarm;
        if (!census || census.waiting === 0) this.#swarms.delete(swarm);
        const peer = census?.takeDial(now, (each) => probes.reserve(each, now));
        if (!peer) continue;
        progress = true;
        peer.distrusted = isDistrusted(id, peer.endpoint);
        probes.dial(views[peer.via] ?? views[0]!, peer);
        if (!probes.hasRoom) break;
      }
    }
  }
}
