// How much our line loses, from questions to nodes that answer: so that loss alone condemns nobody to be silent, and the dead cost no question more than needed.
import type { Patience } from './visits.ts';

/** Each answer or silence counts for so much of the average: some thousand questions are remembered, at first as many as there were. */
const SHARE = { first: 0.01, least: 0.001 };
/** What is believed before there is experience: a bad line, for the time of some dozen answers. */
const FIRST_LOSS = 0.05;
/** One honest node in so many may fall silent by loss alone. */
const ODDS = 500;
/** A node that was met is asked two more times: its silence would be news. */
const TRIES = { least: 2, most: 4, met: 2 };

/**
 * Only the first question after an answer is counted, and soon after it: who stays silent once may have left, and its further silence says nothing of the line. With the
 * loss p of a question or its answer, n in a row are lost by chance with p^n; n is the least for which that is below 1 in `ODDS`: two below 4.5 %, three below 12.6 %.
 */
export class Line {
  #loss = FIRST_LOSS;
  #share = SHARE.first;
  patience: Patience = patienceFor(FIRST_LOSS);

  /** A node that answered a moment ago was asked: whether it answered again. */
  note(answered: boolean): void {
    this.#loss += this.#share * ((answered ? 0 : 1) - this.#loss);
    this.#share = Math.max(SHARE.least, this.#share / (1 + this.#share));
    const { unmet } = patienceFor(this.#loss);
    if (unmet !== this.patience.unmet) this.patience = patienceFor(this.#loss);
  }

  /** The share of questions that stayed unanswered. */
  get loss(): number {
    return this.#loss;
  }
}

function patienceFor(loss: number): Patience {
  let unmet = TRIES.least;
  while (unmet < TRIES.most && loss ** unmet * ODDS > 1) unmet++;
  return { unmet, met: unmet + TRIES.met };
}
