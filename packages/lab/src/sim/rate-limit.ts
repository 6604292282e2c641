// A node's defence against one address that asks too fast: libtorrent's rule, and how many it has refused.

interface Visit {
  firstMs: number;
  packets: number;
  bannedUntilMs: number;
}

/** As many addresses as a libtorrent node remembers, roughly. */
const MAX_VISITORS = 64;

/** Refuses an address for `banMs` once it sent more than `packets` within `windowMs`. */
export class RateLimit {
  readonly #rule: { readonly packets: number; readonly windowMs: number; readonly banMs: number };
  readonly #visits = new Map<string, Visit>(); // bound: MAX_VISITORS, the oldest goes
  refusals = 0;

  constructor(rule: { readonly packets: number; readonly windowMs: number; readonly banMs: number }) {
    this.#rule = rule;
  }

  /** Counts one packet from `address`; true when it must not be answered. */
  refuses(address: string, now: number): boolean {
    const visit = this.#visits.get(address) ?? this.#enter(address, now);
    if (now < visit.bannedUntilMs) {
      this.refusals++;
      return true;
    }
    if (now - visit.firstMs > this.#rule.windowMs) {
      visit.firstMs = now;
      visit.packets = 0;
    }
    if (++visit.packets <= this.#rule.packets) return false;
    visit.bannedUntilMs = now + this.#rule.banMs;
    this.refusals++;
    return true;
  }

  #enter(address: string, now: number): Visit {
    if (this.#visits.size >= MAX_VISITORS) this.#visits.delete(this.#visits.keys().next().value!);
    const visit = { firstMs: now, packets: 0, bannedUntilMs: 0 };
    this.#visits.set(address, visit);
    return visit;
  }
}
