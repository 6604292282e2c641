// Any session inside Message Stream Encryption: the session within does not know. Outbound it is always encrypted; inbound the first bytes decide.
import type { Outcome, Random, Session, SessionOut } from '../machine.ts';
import { HANDSHAKE_BYTES, startsLikeHandshake } from '../peer/handshake.ts';
import { type Agreement, DialledExchange, DiallingExchange, type Encryption, type Step } from './exchange.ts';

// state     | bytes that arrive                                      | bytes that the session within writes
// deciding  | inbound only: a plain handshake -> plain; else agreeing| kept
// agreeing  | go to the exchange                                     | kept: outbound they become the exchange's initial payload
// plain     | passed on as they are                                  | passed on as they are
// encrypted | decrypted (RC4), or plain after the exchange           | encrypted, likewise
//
// The deadline of the handshake is the inner session's own: its greeting begins when the stream opens, and the exchange is part of it.

/** What the wrapper finds out, beside the facts of the session within. */
export interface EncryptionFact {
  readonly type: 'encrypted';
  readonly encryption: Encryption;
}

type State = 'deciding' | 'agreeing' | 'plain' | 'encrypted' | 'ended';

/** What the inner session writes before the other side is there: a handshake, and little else. */
const KEPT_MAX = 4 * HANDSHAKE_BYTES;
/** The length of what a plain handshake begins with. */
const PREFIX_BYTES = 20;

interface Exchange {
  push(bytes: Uint8Array): Step;
}

abstract class MseSession<F> implements Session<F | EncryptionFact> {
  readonly inner: Session<F>;
  protected state: State;
  protected exchange: Exchange | undefined;
  /** The step that gave a violation, if one did. */
  #failed: Outcome | undefined;
  #agreement: Agreement | undefined;
  #kept: Uint8Array[] = []; // bound: KEPT_MAX bytes
  #keptBytes = 0;

  constructor(inner: Session<F>, state: State) {
    this.inner = inner;
    this.state = state;
  }

  protected takeKept(): Uint8Array {
    const bytes = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const part of this.#kept) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#kept = []; // bound: as above
    this.#keptBytes = 0;
    return bytes;
  }

  abstract opened(now: number, out: SessionOut<F | EncryptionFact>): void;

  receive(bytes: Uint8Array, now: number, out: SessionOut<F | EncryptionFact>): void {
    if (this.state === 'agreeing') this.agree(bytes, now, out);
    else if (this.state !== 'ended') this.deliver(bytes, now, out);
  }

  writable(now: number, out: SessionOut<F | EncryptionFact>): void {
    if (this.state === 'plain' || this.state === 'encrypted') this.inner.writable(now, this.inside(out));
  }

  closed(outcome: Outcome, now: number, out: SessionOut<F | EncryptionFact>): void {
    this.state = 'ended';
    this.inner.closed(this.#failed ?? outcome, now, this.inside(out));
  }

  tick(now: number, out: SessionOut<F | EncryptionFact>): void {
    this.inner.tick(now, this.inside(out));
  }

  deadline(): number {
    return this.inner.deadline();
  }

  /** A call of the session within from outside, with the outlet that it knows. */
  act<R>(action: (out: SessionOut<F>) => R, out: SessionOut<F | EncryptionFact>): R {
    return action(this.inside(out));
  }

  protected deliver(bytes: Uint8Array, now: number, out: SessionOut<F | EncryptionFact>): void {
    const receiving = this.#agreement?.receiving;
    this.inner.receive(receiving ? receiving.apply(bytes.slice()) : bytes, now, this.inside(out));
  }

  protected startPlain(out: SessionOut<F | EncryptionFact>): void {
    this.exchange = undefined;
    const kept = this.takeKept();
    if (kept.length > 0) out.write(kept);
  }

  protected agree(bytes: Uint8Array, now: number, out: SessionOut<F | EncryptionFact>): void {
    const { write, end } = this.exchange!.push(bytes);
    if (write) out.write(write);
    if (end === undefined) return;
    this.exchange = undefined;
    if (end === 'refused') {
      this.state = 'ended';
      this.#failed = 'protocol_error';
      out.abort();
      return;
    }
    this.#agreement = end;
    this.state = 'encrypted';
    out.emit({ type: 'encrypted', encryption: end.encryption });
    const kept = this.takeKept();
    if (kept.length > 0) this.#write(kept, out);
    if (end.early.length > 0) this.inner.receive(end.early, now, this.inside(out));
  }

  /** The outlet of the session within: everything but writing is the transport's own. */
  protected inside(out: SessionOut<F | EncryptionFact>): SessionOut<F> {
    return {
      write: (bytes) => this.#write(bytes, out),
      pause: () => out.pause(),
      resume: () => out.resume(),
      end: () => out.end(),
      abort: () => out.abort(),
      emit: (fact) => out.emit(fact),
    };
  }

  #write(bytes: Uint8Array, out: SessionOut<F | EncryptionFact>): boolean {
    if (this.state === 'plain') return out.write(bytes);
    if (this.state === 'encrypted') return out.write(this.#agreement!.sending?.apply(bytes.slice()) ?? bytes);
    if (this.state === 'ended' || this.#keptBytes + bytes.length > KEPT_MAX) return false;
    this.#kept.push(bytes.slice());
    this.#keptBytes += bytes.length;
    return true;
  }
}

/** Dials with encryption. `offers`: RC4 alone, or also a plain payload after the hidden handshake. */
export class DiallingMseSession<F> extends MseSession<F> {
  readonly #options: { readonly infoHash: Uint8Array; readonly random: Random; readonly offers: 'rc4' | 'both' };

  constructor(inner: Session<F>, options: { infoHash: Uint8Array; random: Random; offers: 'rc4' | 'both' }) {
    super(inner, 'agreeing');
    this.#options = options;
  }

  opened(now: number, out: SessionOut<F | EncryptionFact>): void {
    this.inner.opened(now, this.inside(out));
    const exchange = new DiallingExchange({ ...this.#options, initial: this.takeKept() });
    this.exchange = exchange;
    out.write(exchange.start());
  }
}

/** Accepts plain and encrypted streams alike. */
export class InboundMseSession<F> extends MseSession<F> {
  readonly #start = new Uint8Array(PREFIX_BYTES);
  #startBytes = 0;

  constructor(
    inner: Session<F>,
    options: { random: Random; infoHashOf: (hash: Uint8Array) => Uint8Array | undefined; prefers: 'plain' | 'rc4' },
  ) {
    super(inner, 'deciding');
    this.exchange = new DialledExchange(options);
  }

  opened(now: number, out: SessionOut<F | EncryptionFact>): void {
    this.inner.opened(now, this.inside(out));
  }

  override receive(bytes: Uint8Array, now: number, out: SessionOut<F | EncryptionFact>): void {
    if (this.state !== 'deciding') {
      super.receive(bytes, now, out);
      return;
    }
    const taken = bytes.subarray(0, PREFIX_BYTES - this.#startBytes);
    this.#start.set(taken, this.#startBytes);
    this.#startBytes += taken.length;
    const start = this.#start.subarray(0, this.#startBytes);
    const isPlain = startsLikeHandshake(start);
    if (isPlain && this.#startBytes < PREFIX_BYTES) return;
    this.state = isPlain ? 'plain' : 'agreeing';
    if (isPlain) this.startPlain(out);
    super.receive(start, now, out);
    const rest = bytes.subarray(taken.length);
    if (rest.length > 0) this.receive(rest, now, out);
  }
}
