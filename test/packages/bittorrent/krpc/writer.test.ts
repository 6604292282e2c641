// The KRPC writer: byte-exact against the BEPs, equal to the general encoder, and read back by the view.
import { decode, encode } from '@swarmscope/bittorrent/bencode.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const ID = bytesOf('abcdefghij0123456789');
const TARGET = bytesOf('mnopqrstuvwxyz123456');
const NO_VERSION = new Uint8Array(0);
const plain = new KrpcWriter({ id: ID, version: NO_VERSION, readOnly: false });
const full = new KrpcWriter({ id: ID, version: bytesOf('SW\0\x01'), readOnly: true });
const AA = bytesOf('xaax');

describe('KRPC writer', () => {
  test('queries are those of the BEPs', () => {
    const t = 0x61616161;
    expect(textOf(plain.query({ method: 'ping' }, t))).toBe('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t4:aaaa1:y1:qe');
    expect(textOf(full.query({ method: 'find_node', target: TARGET, want: 'both' }, t))).toBe(
      'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantl2:n42:n6ee1:q9:find_node2:roi1e1:t4:aaaa1:v4:SW\0\x011:y1:qe',
    );
    expect(textOf(plain.query({ method: 'get_peers', target: TARGET, scrape: true, noSeed: true }, t))).toBe(
      'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234566:noseedi1e6:scrapei1ee1:q9:get_peers1:t4:aaaa1:y1:qe',
    );
    expect(textOf(plain.query({ method: 'sample_infohashes', target: TARGET }, t))).toBe(
      'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q17:sample_infohashes1:t4:aaaa1:y1:qe',
    );
    const announce: Query = {
      method: 'announce_peer',
      target: TARGET,
      token: bytesOf('aoeusnth'),
      port: 6881,
      impliedPort: true,
      seed: true,
    };
    expect(textOf(plain.query(announce, t))).toBe(
      'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e4:seedi1e5:token8:aoeusnthe1:q13:announce_peer1:t4:aaaa1:y1:qe',
    );
  });

  test('replies and errors echo any transaction', () => {
    expect(textOf(plain.reply({}, AA, 1, 2))).toBe('d1:rd2:id20:abcdefghij0123456789e1:t2:aa1:y1:re');
    expect(textOf(plain.error(203, 'bad token', AA, 1, 2))).toBe('d1:eli203e9:bad tokene1:t2:aa1:y1:ee');
    expect(
      textOf(
        full.reply(
          { nodes: NO_VERSION, num: 0, intervalS: 21_600, samples: TARGET },
          AA,
          1,
          2,
          bytesOf('\x01\x02\x03\x04\x1a\xe1'),
        ),
      ),
    ).toBe(
      'd2:ip6:\x01\x02\x03\x04\x1a\xe11:rd2:id20:abcdefghij01234567898:intervali21600e5:nodes0:3:numi0e7:samples20:mnopqrstuvwxyz123456e1:t2:aa1:v4:SW\0\x011:y1:re',
    );
  });

  test('everything it writes has sorted keys, and the view reads the same back', () => {
    const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });
    const blocks = (size: number, max: number) => fc.integer({ min: 0, max }).chain((n) => bytes(n * size, n * size));
    const reply = fc.record(
      {
        nodes: blocks(26, 8),
        nodes6: blocks(38, 8),
        token: bytes(1, 20),
        values: blocks(6, 30),
        samples: blocks(20, 20),
        num: fc.nat(),
        intervalS: fc.nat(21_600),
        seeds: bytes(256, 256),
        downloaders: bytes(256, 256),
      },
      { requiredKeys: [] },
    );
    const view = new KrpcView();
    fc.assert(
      fc.property(reply, bytes(1, 64), (content, transaction) => {
        const written = full.reply(content, transaction, 0, transaction.length);
        const decoded = decode(written);
        if (decoded instanceof Malformed) throw new Error(decoded.reason);
        expect(textOf(encode(decoded))).toBe(textOf(written));
        expect(view.parse(written)).toBeUndefined();
        expect(view.copy(view.transactionAt, view.transactionLength)).toEqual(transaction);
        expect(view.nodesCount).toBe((content.nodes?.length ?? 0) / 26);
        expect(view.nodes6Count).toBe((content.nodes6?.length ?? 0) / 38);
        expect(view.valuesCount).toBe((content.values?.length ?? 0) / 6);
        expect(view.samplesCount).toBe((content.samples?.length ?? 0) / 20);
        expect(view.num).toBe(content.num ?? -1);
        expect(view.intervalS).toBe(content.intervalS ?? -1);
        expect(view.seedsAt >= 0).toBe(content.seeds !== undefined);
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
