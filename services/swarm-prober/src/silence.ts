// When silence on a piece becomes a proof: three times on the same piece, well apart, while pieces asked for later arrive and it does not. A slow line is no liar:
// questions are not taken back, peers answer them in order and streams keep it, so that behind a slow or broken line the silent piece comes first.

/** How often the same piece must time out. */
export const SILENCES_TO_PROVE = 3;
/** Peers are not asked for ever: pieces that stayed silent and are remembered. */
const MAX_PIECES = 8;
/** After so many silences in a row with nothing between, asking on proves nothing: the line or the peer is dead. */
const MAX_IN_A_ROW = 4;

interface Silent {
  times: number;
  lastAt: number;
  /** The question is still with the peer: no choke and no end of the session has made it void. */
  open: boolean;
  /** Something arrived that was asked for later, while the question was open. */
  arrivedSince: boolean;
}

/** The silences of one peer, over its sessions in a census. */
export class Silence {
  readonly #pieces = new Map<number, Silent>(); // bound: MAX_PIECES
  #inARow = 0;
  /** When something fell silent last. */
  lastAt = 0;

  /** Nothing came for `piece`. */
  silent(piece: number, now: number): void {
    this.#inARow++;
    this.lastAt = now;
    const before = this.#pieces.get(piece);
    if (before) {
      // A silence with nothing between is the same silence: it does not count again.
      if (before.arrivedSince) before.times++;
      before.lastAt = now;
      before.open = true;
      before.arrivedSince = false;
    } else if (this.#pieces.size < MAX_PIECES)
      this.#pieces.set(piece, { times: 1, lastAt: now, open: true, arrivedSince: false });
  }

  /** A piece arrived, late if it was silent before: then it was asked for before those that fell silent after it, and says nothing of them. */
  arrived(piece: number): void {
    this.#inARow = 0;
    const late = this.#pieces.get(piece);
    this.#pieces.delete(piece);
    for (const silent of this.#pieces.values())
      if (silent.open && (!late || late.lastAt > silent.lastAt)) silent.arrivedSince = true;
  }

  /** The peer choked us, or the session ended: what was asked need not come any more. */
  voided(): void {
    for (const silent of this.#pieces.values()) silent.open = false;
  }

  /** It lacks a piece that it claims. */
  get isProof(): boolean {
    for (const silent of this.#pieces.values()) if (silent.times >= SILENCES_TO_PROVE) return true;
    return false;
  }

  /** Nothing comes at all: no use in asking on. */
  get isDead(): boolean {
    return this.#inARow >= MAX_IN_A_ROW;
  }

  /** A piece that stayed silent has not come since. */
  get isOpen(): boolean {
    return this.#pieces.size > 0;
  }

  /** What to do next for a proof: ask that piece again from `at` on, or first another one (`other`); undefined when nothing is silent. */
  next(spacingMs: number): { readonly piece: number; readonly at: number; readonly other: boolean } | undefined {
    for (const [piece, silent] of this.#pieces)
      return { piece, at: silent.lastAt + spacingMs, other: silent.open && !silent.arrivedSince };
    return undefined;
  }
}
