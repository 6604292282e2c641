// The first block that clickhouse-go asks for over HTTP (and so Grafana's datasource): it says that this server speaks revision 0 of the Native format.

/** clickhouse-go's greeting: who is there, and which revision do you speak? */
export function isHello(sql: string): boolean {
  return /^\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*;?\s*$/i.test(sql);
}

/** Blocks carry their kind from this revision on. */
const REVISION_BLOCK_INFO = 1;
/** Columns say from this revision on whether they are serialised in a special way. */
const REVISION_CUSTOM_SERIALIZATION = 54_454;

/**
 * The answer in the client's own revision; all later blocks are then read as revision 0, which is what chDB writes.
 *
 *     block   = [info] varuint(columns) varuint(rows) column*
 *     info    = 01 u8(is_overflows) 02 i32(bucket) 00             from revision 1 on
 *     column  = string(name) string(type) [u8(0)] data            the byte from revision 54454 on
 */
export function helloBlock(revision: number): Uint8Array {
  const parts: Uint8Array[] = [];
  if (revision >= REVISION_BLOCK_INFO) parts.push(Uint8Array.of(1, 0, 2, 255, 255, 255, 255, 0));
  parts.push(varuint(4), varuint(1));
  const column = (name: string, type: string, data: Uint8Array) => {
    parts.push(text(name), text(type));
    if (revision >= REVISION_CUSTOM_SERIALIZATION) parts.push(Uint8Array.of(0));
    parts.push(data);
  };
  column('displayName()', 'String', text('swarmscope'));
  column('version()', 'String', text('26.7.2.1'));
  column('revision()', 'UInt32', new Uint8Array(4));
  column('timezone()', 'String', text('UTC'));
  return Buffer.concat(parts);
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([varuint(bytes.length), bytes]);
}

function varuint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Uint8Array.of(...bytes, rest);
}
