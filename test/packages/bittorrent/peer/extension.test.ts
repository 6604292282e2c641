// The extension handshake (BEP 10), metadata messages and assembly (BEP 9), PEX messages and their meter (BEP 11).
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1, sha256 } from '@swarmscope/bittorrent/hash.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import {
  decodeExtensionHandshake,
  type ExtensionHandshake,
  encodeExtensionHandshake,
} from '@swarmscope/bittorrent/peer/extension.ts';
import {
  decodeMetadataMessage,
  encodeMetadataMessage,
  infoHashKind,
  METADATA_BLOCK_BYTES,
  MetadataAssembly,
  serveMetadata,
} from '@swarmscope/bittorrent/peer/metadata.ts';
import { MetadataFetch } from '@swarmscope/bittorrent/peer/metadata-fetch.ts';
import { decodePex, encodePex, MAX_PEX_PEERS, PexMeter } from '@swarmscope/bittorrent/peer/pex.ts';
import { describe, expect, test } from 'vitest';

const text = (value: string) => new TextEncoder().encode(value);
const reasonOf = (value: unknown) => (value instanceof Malformed ? value.reason : value);

describe('the extension handshake', () => {
  const full = {
    extensions: new Map([
      ['ut_metadata', 3],
      ['ut_pex', 1],
    ]),
    client: 'Transmission 4.0',
    listenPort: 6881,
    queue: 512,
    yourAddress: '2001:db8::1',
    metadataBytes: 31_235,
    uploadOnly: true,
  };

  test('both ways', () => {
    expect(decodeExtensionHandshake(encodeExtensionHandshake(full))).toEqual(full);
  });

  test('the example of BEP 10, whose names are Latin-1', () => {
    const bep = 'd1:md11:LT_metadatai1e6:\xb5T_PEXi2ee1:pi6881e1:v12:\xb5Torrent 1.2e';
    expect(decodeExtensionHandshake(Uint8Array.from(bep, (each) => each.charCodeAt(0)))).toMatchObject({
      extensions: new Map([
        ['LT_metadata', 1],
        ['\xb5T_PEX', 2],
      ]),
      client: '\xb5Torrent 1.2',
      listenPort: 6881,
    });
  });

  test.each([
    ['the hang of other decoders', 'd-3:e', 'bad_key'],
    ['no dictionary', 'le', 'bad_type'],
    ['nothing', '', 'truncated'],
    ['deep nesting', `${'l'.repeat(1000)}`, 'too_deep'],
    ['cut short', 'd1:md6:ut_pexi1e', 'truncated'],
  ])('%s is refused', (_, payload, reason) => {
    expect(reasonOf(decodeExtensionHandshake(text(payload)))).toBe(reason);
  });

  test('a key of a wrong type or range is as good as absent', () => {
    const odd = 'd1:mi3e1:pi70000e4:reqqi-1e1:vi7e13:metadata_sizei-5e11:upload_only1:x6:yourip3:abce';
    expect(decodeExtensionHandshake(text(odd))).toEqual({
      extensions: new Map(),
      client: undefined,
      listenPort: undefined,
      queue: undefined,
      yourAddress: undefined,
      metadataBytes: undefined,
      uploadOnly: undefined,
    });
  });

  test('names are bounded in number and length, __proto__ is a name, control characters never reach a terminal', () => {
    const m = new Map(Array.from({ length: 200 }, (_, i) => [`x${String(i).padStart(3, '0')}`, 1]));
    const many = decodeExtensionHandshake(encode({ m, v: 'a\u001b[2J\u0000b' }));
    expect(many).toMatchObject({ client: 'a.[2J.b' });
    expect((many as ExtensionHandshake).extensions.size).toBe(64);
    const proto = decodeExtensionHandshake(text('d1:md9:__proto__i4eee')) as ExtensionHandshake;
    expect([...proto.extensions]).toEqual([['__proto__', 4]]);
  });
});

describe('metadata messages', () => {
  test('both ways', () => {
    expect(new TextDecoder().decode(encodeMetadataMessage({ type: 'request', piece: 0 }))).toBe('d8:msg_typei0e5:piecei0ee');
    const data = { type: 'data', piece: 1, totalBytes: 16_387, block: text('abc') } as const;
    for (const message of [{ type: 'request', piece: 2 }, { type: 'reject', piece: 2 }, data] as const)
      expect(decodeMetadataMessage(encodeMetadataMessage(message))).toEqual(message);
  });

  test.each([
    ['d-3:e', 'bad_key'],
    ['le', 'bad_type'],
    ['d8:msg_typei9e5:piecei0ee', 'unknown_message'],
    ['d8:msg_typei0e5:piecei-1ee', 'out_of_range'],
    ['d8:msg_typei0ee', 'missing_field'],
    ['d8:msg_typei1e5:piecei0ee', 'missing_field'],
  ])('%s is refused: %s', (payload, reason) => {
    expect(reasonOf(decodeMetadataMessage(text(payload)))).toBe(reason);
  });

  test('an info dictionary fits its v1 or its truncated v2 name, or none', () => {
    const info = text('d4:name1:ae');
    expect(infoHashKind(info, sha1(info))).toBe('v1');
    expect(infoHashKind(info, sha256(info).slice(0, 20))).toBe('v2');
    expect(infoHashKind(info, new Uint8Array(20))).toBeUndefined();
  });
});

describe('metadata assembly', () => {
  const whole = Uint8Array.from({ length: 2 * METADATA_BLOCK_BYTES + 5 }, (_, i) => i % 251);
  const block = (i: number) => whole.subarray(i * METADATA_BLOCK_BYTES, (i + 1) * METADATA_BLOCK_BYTES);

  test('in any order; the same block twice counts once', () => {
    const assembly = new MetadataAssembly(whole.length);
    expect(assembly.take(2, whole.length, block(2))).toBe('taken');
    expect(assembly.take(2, whole.length, block(2))).toBe('duplicate');
    expect(assembly.take(0, whole.length, block(0))).toBe('taken');
    expect(assembly.take(0, whole.length, block(0))).toBe('duplicate');
    expect(assembly.complete).toBe(false);
    expect(assembly.take(1, whole.length, block(1))).toBe('taken');
    expect(assembly.complete).toBe(true);
    expect(assembly.bytes()).toEqual(whole);
  });

  test('refuses another total, a wrong length, a place beyond the end', () => {
    const assembly = new MetadataAssembly(whole.length);
    expect(assembly.take(0, whole.length + 1, block(0))).toEqual(new Malformed('bad_field'));
    expect(assembly.take(0, whole.length, block(2))).toEqual(new Malformed('bad_length'));
    expect(assembly.take(3, whole.length, block(0))).toEqual(new Malformed('out_of_range'));
  });

  test('a fetch keeps four in flight, refuses sizes out of reason, and takes only what it asked for', () => {
    expect([0, -1, 16 * 1024 * 1024, 1, 8 * 1024 * 1024].map(MetadataFetch.accepts)).toEqual([false, false, false, true, true]);
    const fetch = new MetadataFetch(6 * METADATA_BLOCK_BYTES, 1000);
    expect(fetch.requests(0)).toEqual([0, 1, 2, 3]);
    expect(fetch.requests(0)).toEqual([]);
    const answer = (piece: number) => ({ type: 'data', piece, totalBytes: 6 * METADATA_BLOCK_BYTES, block: block(0) }) as const;
    expect(fetch.take(answer(4), 10)).toBe('useless');
    expect(fetch.take(answer(1), 10)).toBe('taken');
    expect(fetch.take(answer(1), 10)).toBe('useless');
    expect(fetch.requests(10)).toEqual([4]);
    expect(fetch.due).toBe(1010);
    expect(fetch.take({ type: 'reject', piece: 0 }, 20)).toBe('rejected');
  });

  test('what is served is what is fetched; beyond the end it is a reject', () => {
    const served = serveMetadata(whole, 2);
    expect(served).toEqual({ type: 'data', piece: 2, totalBytes: whole.length, block: block(2) });
    expect(serveMetadata(whole, 3)).toEqual({ type: 'reject', piece: 3 });
  });
});

describe('peer exchange', () => {
  const peer = (address: string, port: number, flags = 0) => ({ endpoint: { address, port }, flags });

  test('both ways, both families, flags kept', () => {
    const message = {
      added: [peer('1.2.3.4', 5, 2), peer('1.2.3.5', 6), peer('2001:db8::1', 7, 18)],
      dropped: [{ address: '9.9.9.9', port: 9 }],
    };
    expect(decodePex(encodePex(message))).toEqual(message);
  });

  test('reads no more than its bound, misses flags as zero, refuses broken lengths', () => {
    const many = Array.from({ length: 1000 }, (_, i) => peer(`10.0.${i >> 8}.${i & 255}`, 1));
    expect(decodePex(encodePex({ added: many, dropped: [] }))).toMatchObject({ added: { length: MAX_PEX_PEERS } });
    expect(decodePex(text('d5:added6:abcdefe'))).toMatchObject({ added: [{ flags: 0 }] });
    expect(reasonOf(decodePex(text('d5:added5:abcdee')))).toBe('bad_length');
    expect(reasonOf(decodePex(text('d5:addedi1ee')))).toBe('bad_type');
    expect(reasonOf(decodePex(text('d-3:e')))).toBe('bad_key');
  });

  test('a minute between messages, with a little slack', () => {
    const meter = new PexMeter();
    expect([0, 1, 2, 3, 4].map((now) => meter.admits(now))).toEqual([true, true, true, false, false]);
    expect(meter.admits(60_000)).toBe(true);
    expect(meter.admits(60_001)).toBe(false);
    const steady = new PexMeter();
    expect(Array.from({ length: 60 }, (_, i) => steady.admits(i * 60_000)).every(Boolean)).toBe(true);
  });
});
