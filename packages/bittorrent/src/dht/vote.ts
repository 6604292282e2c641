// Our own address as others see it (BEP 42 `ip`): a vote, because any single node may lie.
import { decodeCompact } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';

const MAX_VOTERS = 64;
const LEAST_VOTES = 4;
/** Of the answers after the first MAX_VOTERS one in so many is still heard: the address may change. */
const HEARD_SHARE = 16;

/** One voice per host; the newest 64 count; a majority of at least 4 decides the address, the port goes by the last who agreed. */
export class AddressVote {
  readonly #voices = new Map<string, string>(); // bound: MAX_VOTERS
  #winner: string | undefined;
  #answers = 0;

  /** Whether the next answer is worth a voice. */
  hears(): boolean {
    return ++this.#answers <= MAX_VOTERS || this.#answers % HEARD_SHARE === 0;
  }

  /** Takes the voice of a host; answers the endpoint when the majority has changed. */
  cast(host: string, bytes: Uint8Array, at: number, length: number): { endpoint: Endpoint; votes: number } | undefined {
    const endpoint = decodeCompact(bytes, at, length === 6 ? 4 : 6);
    this.#voices.delete(host);
    if (this.#voices.size >= MAX_VOTERS) this.#voices.delete(this.#voices.keys().next().value!);
    this.#voices.set(host, endpoint.address);
    if (endpoint.address === this.#winner) return undefined;
    let votes = 0;
    for (const voice of this.#voices.values()) if (voice === endpoint.address) votes++;
    if (votes < LEAST_VOTES || votes * 2 <= this.#voices.size) return undefined;
    this.#winner = endpoint.address;
    return { endpoint, votes };
  }
}
