// How much we answer: so many a second to one host and in all; beyond it a query is dropped before it is read.
export interface AnswerLimits {
  readonly hostPerSecond: number;
  readonly hostBurst: number;
  readonly perSecond: number;
}

/** Kinder than libtorrent (50 packets in 10 s, then 5 minutes of silence): a fast asker is slowed, not banned. */
export const DEFAULT_ANSWERS: AnswerLimits = { hostPerSecond: 10, hostBurst: 50, perSecond: 2_000 };

/** Hosts whose bucket is not full. When more ask at once, new ones are answered from the common budget alone. */
const MAX_HOSTS = 50_000;
const MAX_TOLD = 1_000;
const TELL_MS = 60_000;

export class AnswerBudget {
  readonly #limits: AnswerLimits;
  readonly #fullAt = new Map<string, number>(); // bound: MAX_HOSTS
  /** Hosts that were refused lately, and until when that need not be told again. */
  readonly #told = new Map<string, number>(); // bound: MAX_TOLD
  #allFullAt = Number.NEGATIVE_INFINITY;
  #pruneMs = 0;

  constructor(limits: Partial<AnswerLimits> = {}) {
    this.#limits = { ...DEFAULT_ANSWERS, ...limits };
  }

  /** Takes one answer's worth, or false. The host pays even when the common budget is used up: so that who floods runs dry, and the others get what is left. */
  take(host: string, now: number): boolean {
    const { hostPerSecond, hostBurst, perSecond } = this.#limits;
    const spacing = 1000 / hostPerSecond;
    const fullAt = Math.max(this.#fullAt.get(host) ?? now, now);
    if (fullAt - now > (hostBurst - 1) * spacing) return false;
    this.#prune(now);
    if (this.#fullAt.size < MAX_HOSTS || this.#fullAt.has(host)) this.#fullAt.set(host, fullAt + spacing);
    if (this.#allFullAt - now > 1000) return false;
    this.#allFullAt = Math.max(this.#allFullAt, now) + 1000 / perSecond;
    return true;
  }

  /** After a refusal: whether it is worth telling. Once a minute for each host whose own bucket is empty. */
  isNews(host: string, now: number): boolean {
    const { hostPerSecond, hostBurst } = this.#limits;
    if ((this.#fullAt.get(host) ?? now) - now <= (hostBurst - 1) * (1000 / hostPerSecond)) return false;
    if ((this.#told.get(host) ?? now) > now) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.delete(this.#told.keys().next().value!);
    this.#told.delete(host);
    this.#told.set(host, now + TELL_MS);
    return true;
  }

  #prune(now: number): void {
    if (now < this.#pruneMs) return;
    this.#pruneMs = now + 5_000;
    for (const [host, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(host);
  }
}
