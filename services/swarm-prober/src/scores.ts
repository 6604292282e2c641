// How peers did in challenges over all visits: what `probe_state` carries, so that a score outlives a census, a restart and a take-over.
import type { Peer } from './peer.ts';
import type { Naming, Score } from './publish.ts';

/** Peers with a score, in all swarms together. */
const MAX_SCORES = 200_000;

export class Scores {
  readonly #swarms = new Map<string, Map<string, Score>>(); // bound: MAX_SCORES in all; the swarm longest not seen goes first
  #count = 0;
  #epoch = -1;

  /** Adds what a census found. Scores of another epoch of the pseudonyms are of nobody any more. */
  add(swarmId: string, peers: readonly Peer[], naming: Naming): void {
    this.#turn(naming.epoch);
    for (const { endpoint, challenges } of peers) {
      if (challenges.asked === 0) continue;
      const score = this.#score(swarmId, naming.peerKey(endpoint));
      score.challenges_passed += challenges.passed;
      score.challenges_failed += challenges.failed + challenges.rejected;
      score.challenges_silent += challenges.silent;
    }
  }

  /** Takes over what an earlier process knew. */
  load(swarmId: string, epoch: number, scores: readonly Score[]): void {
    if (this.#epoch >= 0 && epoch !== this.#epoch) return;
    this.#turn(epoch);
    for (const { peer_key, ...counts } of scores) Object.assign(this.#score(swarmId, peer_key), counts);
  }

  /** Whether this peer ever failed or refused a challenge, as far as its pseudonym reaches back. */
  hasFailed(swarmId: string, peerKey: string): boolean {
    return (this.#swarms.get(swarmId)?.get(peerKey)?.challenges_failed ?? 0) > 0;
  }

  /** Best known first. */
  of(swarmId: string): Score[] {
    const known = (score: Score) => score.challenges_passed + score.challenges_failed + score.challenges_silent;
    return [...(this.#swarms.get(swarmId)?.values() ?? [])].sort((a, b) => known(b) - known(a));
  }

  #score(swarmId: string, peerKey: string): Score {
    const scores = this.#swarms.get(swarmId) ?? new Map<string, Score>();
    this.#swarms.delete(swarmId);
    this.#swarms.set(swarmId, scores);
    let score = scores.get(peerKey);
    if (!score) {
      score = { peer_key: peerKey, challenges_passed: 0, challenges_failed: 0, challenges_silent: 0 };
      scores.set(peerKey, score);
      this.#count++;
      this.#trim(swarmId);
    }
    return score;
  }

  #trim(keep: string): void {
    for (const [id, scores] of this.#swarms) {
      if (this.#count <= MAX_SCORES || id === keep) return;
      this.#count -= scores.size;
      this.#swarms.delete(id);
    }
  }

  #turn(epoch: number): void {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    this.#swarms.clear();
    this.#count = 0;
  }
}
