// Hashes of merkle trees between peers (BEP 52): one question at a time, its answer checked against the root of the file; and what we answer from whole layers.
import { equalBytes } from '../hex.ts';
import type { SessionOut } from '../machine.ts';
import { verifyHashes } from '../merkle.ts';
import type { Judgement } from './extended.ts';
import { encodeMessage, type HashRange, type Message } from './messages.ts';
import type { HashQuestion, Swarm } from './swarm.ts';

/** A peer that gave none so often is not asked again: it may have the layers of no tree, or no leaves (libtorrent that never checked its files). */
const MAX_REFUSALS = 2;
/** Answers of up to 16 KiB each. A peer that wants more layers than a torrent of 2 million pieces has is counted. */
const MAX_ANSWERS = 4_096;

type Out = SessionOut<never>;
export type HashAnswer = Extract<Message, { type: 'hashes' }>;

export class HashExchange {
  readonly #swarm: () => Swarm;
  readonly #timeoutMs: number;
  #question: HashQuestion | undefined;
  #due = Number.POSITIVE_INFINITY;
  #refusals = 0;
  #answers = 0;

  constructor(swarm: () => Swarm, timeoutMs: number) {
    this.#swarm = swarm;
    this.#timeoutMs = timeoutMs;
  }

  /** A question is out. */
  get isBusy(): boolean {
    return this.#question !== undefined;
  }

  get due(): number {
    return this.#due;
  }

  /** It has refused so often that there is no use in asking. */
  get isRefused(): boolean {
    return this.#refusals >= MAX_REFUSALS;
  }

  ask(question: HashQuestion, now: number, out: Out): void {
    this.#question = question;
    this.#due = now + this.#timeoutMs;
    out.write(encodeMessage({ type: 'hash_request', ...question.range }));
  }

  /** HASHES. `answered` when they answer the question and belong to the tree; the hashes are then the caller's to use. */
  take(message: HashAnswer): 'answered' | NonNullable<Judgement> {
    const question = this.#question;
    if (!question || !isSame(message, question.range)) return { useless: 'hashes_unasked' };
    const wrong = verifyHashes(question.range, message.hashes, question.fileBytes);
    if (wrong) return { violation: `hashes_${wrong.reason}` };
    this.#end();
    this.#refusals = 0;
    return 'answered';
  }

  /** HASH_REJECT. Whether it refuses the question that is out. */
  reject(range: HashRange): boolean {
    if (!this.#question || !isSame(range, this.#question.range)) return false;
    this.#end();
    this.#refusals++;
    return true;
  }

  /** Whether the question that is out has not been answered in time. */
  tick(now: number): boolean {
    if (now < this.#due) return false;
    this.#end();
    this.#refusals++;
    return true;
  }

  /** HASH_REQUEST: answered from layers that are whole here, within the upload budget; refused otherwise. */
  serve(range: HashRange, now: number, out: Out): Judgement {
    const { layout, upload } = this.#swarm();
    const hashes = layout?.answerHashes?.(range);
    const { root, base, index, length, proof } = range;
    const asked = { root, base, index, length, proof };
    const isGiven = hashes !== undefined && upload.take(hashes.length, now);
    out.write(encodeMessage(isGiven ? { type: 'hashes', ...asked, hashes } : { type: 'hash_reject', ...asked }));
    return isGiven && ++this.#answers <= MAX_ANSWERS ? undefined : { useless: 'hashes_refused' };
  }

  #end(): void {
    this.#question = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }
}

function isSame(a: HashRange, b: HashRange): boolean {
  const isRange = a.base === b.base && a.index === b.index && a.length === b.length && a.proof === b.proof;
  return isRange && equalBytes(a.root, b.root);
}
