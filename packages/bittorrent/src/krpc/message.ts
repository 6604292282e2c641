// KRPC, the messages of the DHT: BEP 5, 32 (v6), 33 (scrape), 42 (ip), 43 (ro), 45, 51 (samples). What can be asked and answered.

// message  = dict: "t" transaction, "y" kind, and by kind:
//   query  = "y" "q", "q" method, "a" arguments;  ["ro" 1]: the asker answers nothing (BEP 43)
//   reply  = "y" "r", "r" results;                ["ip" compact endpoint of the asker] (BEP 42)
//   error  = "y" "e", "e" [code text]             ; bitmagnet sends it with "y" "r" and no "r": taken for an error as well
//   any    : ["v" client, usually 2 letters and 2 bytes of version]
// ping              a: id                                        r: id
// find_node         a: id target [want]                          r: id nodes / nodes6
// get_peers         a: id info_hash [want] [noseed] [scrape]     r: id token, values and / or nodes, nodes6; after scrape BFsd BFpe (256 bytes each)
// announce_peer     a: id info_hash port token [implied_port] [seed]   r: id
// sample_infohashes a: id target [want]                          r: id interval num samples, nodes / nodes6
// id, target, info_hash = 20 bytes; nodes = (id:20 address:4 port:2)*; nodes6 = (id:20 address:16 port:2)*; samples = (info_hash:20)*
// values   = list of strings of 6 or 18 bytes; want = list of "n4", "n6"; integers are not negative

export const METHODS = ['ping', 'find_node', 'get_peers', 'announce_peer', 'sample_infohashes', 'get', 'put'] as const;
export type Method = (typeof METHODS)[number];

/** Which address families of nodes an asker wants (BEP 32); what the transport's own family is when left out. */
export type Want = 'n4' | 'n6' | 'both';

/** A question of ours. Byte fields are read while it is encoded and may not change until it is answered. */
export type Query =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node' | 'sample_infohashes'; readonly target: Uint8Array; readonly want?: Want }
  | {
      readonly method: 'get_peers';
      readonly target: Uint8Array;
      readonly want?: Want;
      readonly scrape?: boolean;
      readonly noSeed?: boolean;
    }
  | {
      readonly method: 'announce_peer';
      readonly target: Uint8Array;
      readonly token: Uint8Array;
      readonly port: number;
      readonly impliedPort: boolean;
      readonly seed: boolean;
    };

/** What a reply of ours holds. `values` are compact endpoints one after the other, of `valueSize` bytes each. */
export interface Reply {
  readonly nodes?: Uint8Array | undefined;
  readonly nodes6?: Uint8Array | undefined;
  readonly token?: Uint8Array | undefined;
  readonly values?: Uint8Array | undefined;
  readonly valueSize?: 6 | 18;
  readonly samples?: Uint8Array | undefined;
  readonly num?: number;
  readonly intervalS?: number;
  readonly seeds?: Uint8Array | undefined;
  readonly downloaders?: Uint8Array | undefined;
}

/** The error codes of BEP 5. */
export const ERROR_CODES = { generic: 201, server: 202, protocol: 203, unknownMethod: 204 } as const;

export const ID_BYTES = 20;
/** Compact node information: id, address, port. */
export const NODE_BYTES = 26;
export const NODE6_BYTES = 38;
/** Bytes of one BEP 33 filter. */
export const FILTER_BYTES = 256;
/** The longest datagram that is read: `bittorrent-dht` answers with its whole table of some 210 contacts. */
export const MAX_MESSAGE_BYTES = 8192;
/** Transaction ids are echoed up to this length; everybody uses 1 to 8 bytes. */
export const MAX_TRANSACTION_BYTES = 64;
/** The longest token that is kept and given back. */
export const MAX_TOKEN_BYTES = 128;
/** Peers that a reply may name: 100 is what others send, and what fits a datagram on any path. */
export const MAX_VALUES = 400;
/** Families that a query may name in `want`; there are two. */
export const MAX_WANTED = 16;
/** BEP 51: the longest that a node may ask to be left alone. */
export const MAX_INTERVAL_S = 21_600;
