// The extension handshake (BEP 10): which extensions under which ids, and what else is told in it (BEP 9 metadata size, BEP 21 upload_only).
import { formatV4, formatV6, parseAddress } from '../address.ts';
import { decodePrefix, type Encodable, encode, latin1, type Value } from '../bencode.ts';
import { Malformed } from '../malformed.ts';

// extended-handshake = dictionary, every key optional
//   m              {name: id}      ; id 0 takes the extension back; later handshakes change, they do not replace
//   v              client name and version, UTF-8
//   p              our TCP listen port
//   reqq           requests it queues before it drops some
//   yourip         4 or 16 bytes: how it sees us
//   metadata_size  bytes of the info dictionary (BEP 9)
//   upload_only    1: downloads nothing (BEP 21)
//
// A key of the wrong type is as good as absent: clients of twenty years differ, and none of it is worth losing a peer for. Broken bencoding is not.

/** The extensions we know, each under the id that we tell peers to use for it. */
export const OUR_EXTENSIONS = { ut_pex: 1, ut_metadata: 2, upload_only: 3, ut_holepunch: 4, lt_donthave: 7 } as const;
export type ExtensionName = keyof typeof OUR_EXTENSIONS;

/** The extension that a peer means by an id of ours; undefined when we never gave it away. */
export function extensionOfId(id: number): ExtensionName | undefined {
  return NAME_OF_ID.get(id);
}

const NAME_OF_ID = new Map(Object.entries(OUR_EXTENSIONS).map(([name, id]) => [id as number, name as ExtensionName]));

/** Deep and long enough for every client; a dictionary of a thousand names is none. */
const LIMITS = { depth: 6, items: 512, bytes: 1 << 16 };
const MAX_EXTENSIONS = 64;
const MAX_NAME_CHARACTERS = 64;
const MAX_CLIENT_CHARACTERS = 64;

export interface ExtensionHandshake {
  /** Name to the id that the sender wants to be addressed by. At most 64. */
  readonly extensions: ReadonlyMap<string, number>;
  readonly client: string | undefined;
  readonly listenPort: number | undefined;
  readonly queue: number | undefined;
  readonly yourAddress: string | undefined;
  readonly metadataBytes: number | undefined;
  readonly uploadOnly: boolean | undefined;
}

/** Reads the payload of extended message 0. Bytes behind the dictionary are left alone. */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake | Malformed {
  const decoded = decodePrefix(payload, LIMITS);
  if (decoded instanceof Malformed) return decoded;
  const fields = decoded.value;
  if (!(fields instanceof Map)) return new Malformed('bad_type');
  const uploadOnly = natural(fields.get('upload_only'));
  return {
    extensions: readExtensions(fields.get('m')),
    client: readText(fields.get('v')),
    listenPort: readPort(fields.get('p')),
    queue: natural(fields.get('reqq')),
    yourAddress: readAddress(fields.get('yourip')),
    metadataBytes: natural(fields.get('metadata_size')),
    uploadOnly: uploadOnly === undefined ? undefined : uploadOnly > 0,
  };
}

/** The payload of extended message 0. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const address = handshake.yourAddress === undefined ? undefined : parseAddress(handshake.yourAddress);
  const fields: Record<string, Encodable | undefined> = {
    m: handshake.extensions,
    v: handshake.client,
    p: handshake.listenPort,
    reqq: handshake.queue,
    yourip: address,
    metadata_size: handshake.metadataBytes,
    upload_only: handshake.uploadOnly === undefined ? undefined : Number(handshake.uploadOnly),
  };
  return encode(fields);
}

function readExtensions(value: Value | undefined): Map<string, number> {
  const extensions = new Map<string, number>();
  if (!(value instanceof Map)) return extensions;
  for (const [name, id] of value) {
    if (extensions.size === MAX_EXTENSIONS) break;
    const isFit = typeof id === 'number' && id >= 0 && id <= 255 && name.length <= MAX_NAME_CHARACTERS;
    if (isFit) extensions.set(USUAL_NAMES.get(name) ?? name, id);
  }
  return extensions;
}

/** What clients offer, kept once: a name that was just read is text of its own. */
const USUAL_NAMES = new Map(
  // bound: this list
  [...Object.keys(OUR_EXTENSIONS), 'ut_comment', 'share_mode', 'lt_tex', 'ut_recommend', 'ut_trade'].map((name) => [name, name]),
);

function natural(value: Value | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

function readPort(value: Value | undefined): number | undefined {
  return typeof value === 'number' && value >= 1 && value <= 65_535 ? value : undefined;
}

function readAddress(value: Value | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length === 4) return formatV4(value);
  return value.length === 16 ? formatV6(value) : undefined;
}

const decoder = new TextDecoder();
const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

/** UTF-8 where it is, Latin-1 where it is not; control characters as dots: it ends up on terminals. */
function readText(value: Value | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  if (value.length <= MAX_CLIENT_CHARACTERS && value.every(isPrintable)) return latin1(value, 0, value.length);
  const cut = value.subarray(0, 4 * MAX_CLIENT_CHARACTERS);
  const utf8 = decoder.decode(cut);
  const text = utf8.includes('\ufffd') ? latin1(cut, 0, cut.length) : utf8;
  return text
    .replace(/\p{Cc}/gu, '.')
    .slice(0, MAX_CLIENT_CHARACTERS)
    .toWellFormed();
}
