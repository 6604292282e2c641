// What a DHT node finds out: the closed set of facts that crawler, prober and tests listen to.
import type { Contact, Fields } from '../krpc/fields.ts';
import type { Query } from '../krpc/message.ts';
import type { Endpoint } from '../machine.ts';
import type { MalformedReason } from '../malformed.ts';

/** Whom a question goes to. With an `id`, an answer under any other id is a mismatch. */
export interface Target extends Endpoint {
  readonly id?: Uint8Array | undefined;
}

/**
 * `tag` is what `ask` returned; 0 marks questions that the node asked for itself (upkeep and lookups). `lookup` is what `lookup` returned.
 * `reply` and `query` of answered and asked are views that hold only while the fact is delivered: copy what you keep.
 */
export type DhtFact =
  | {
      readonly type: 'answered';
      readonly tag: number;
      readonly query: Query;
      readonly from: Target;
      readonly rttMs: number;
      readonly reply: Fields;
      /** The id in the answer is not the one we asked for: the node was not admitted to the table, its contacts were not used. */
      readonly mismatch: boolean;
    }
  | { readonly type: 'refused'; readonly tag: number; readonly query: Query; readonly from: Target; readonly code: number }
  | { readonly type: 'unanswered'; readonly tag: number; readonly query: Query; readonly to: Target }
  | { readonly type: 'asked'; readonly from: Endpoint; readonly query: Fields }
  | {
      readonly type: 'sighted';
      readonly infoHash: Uint8Array;
      readonly way: 'get_peers' | 'announce';
      /** Who asked or announced. */
      readonly from: Endpoint;
      /** Of an announce: where the peer says it listens. */
      readonly endpoint?: Endpoint;
      readonly seed?: boolean;
    }
  | {
      readonly type: 'peers';
      readonly lookup: number;
      readonly infoHash: Uint8Array;
      readonly from: Contact;
      readonly endpoints: readonly Endpoint[];
    }
  | {
      readonly type: 'filters';
      readonly lookup: number;
      readonly infoHash: Uint8Array;
      readonly from: Contact;
      /** BEP 33 filters of 256 bytes, copies. libtorrent's `downloaders` holds only peers that are no seeds. */
      readonly seeds: Uint8Array;
      readonly downloaders: Uint8Array;
    }
  | {
      readonly type: 'lookup_done';
      readonly lookup: number;
      readonly infoHash: Uint8Array;
      /** Questions sent, answers got, announces accepted. */
      readonly asked: number;
      readonly answered: number;
      readonly announcedTo: number;
      /** The closest nodes that answered, nearest first, at most 8. */
      readonly closest: readonly Contact[];
    }
  | { readonly type: 'external_address'; readonly endpoint: Endpoint; readonly votes: number }
  /** A reply to no question of ours, or long after it; and a host that asks more than its budget (told once a minute). */
  | { readonly type: 'unasked' | 'flooding'; readonly from: Endpoint }
  | { readonly type: 'malformed'; readonly reason: MalformedReason; readonly from: Endpoint };
