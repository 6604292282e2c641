// The KRPC decoder against the vector table, every truncation of it, and the general bencode decoder as its oracle.
import { decode } from '@swarmscope/bittorrent/bencode.ts';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { describe, expect, test } from 'vitest';
import { KRPC_VECTORS } from '../../../vectors/krpc.ts';

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const range = (view: Fields, at: number, length: number) =>
  at < 0 ? '' : String.fromCharCode(...view.bytes.subarray(at, at + length));

/** Everything a view says, ranges as text. */
function described(view: Fields): Record<string, unknown> {
  const { bytes, ...plain } = view;
  return {
    ...plain,
    id: range(view, view.idAt, 20),
    target: range(view, view.targetAt, 20),
    transaction: range(view, view.transactionAt, view.transactionLength),
    token: range(view, view.tokenAt, view.tokenLength),
    version: range(view, view.versionAt, view.versionLength),
    ip: range(view, view.ipAt, view.ipLength),
    nodes: Array.from({ length: view.nodesCount }, (_, i) => formatEndpoint(view.contact(i, 4))),
    nodes6: Array.from({ length: view.nodes6Count }, (_, i) => formatEndpoint(view.contact(i, 6))),
    values: view.endpoints(4).map(formatEndpoint),
    values6: view.endpoints(6).map(formatEndpoint),
    seeds: view.seedsAt >= 0,
    downloaders: view.downloadersAt >= 0,
  };
}

describe('KRPC view', () => {
  test.each(KRPC_VECTORS)('$name', ({ text, means, refused }) => {
    const view = new KrpcView();
    const reason = view.parse(bytesOf(text));
    expect(reason).toBe(refused);
    if (means) expect(described(view)).toMatchObject(means);
  });

  test('every truncation of every message is refused, and the view recovers', () => {
    const view = new KrpcView();
    for (const { text, means } of KRPC_VECTORS) {
      const bytes = bytesOf(text);
      if (!means) continue;
      for (let length = 0; length < bytes.length; length++) expect(view.parse(bytes.subarray(0, length))).toBe('truncated');
      expect(view.parse(bytes)).toBeUndefined();
      expect(described(view)).toMatchObject(means);
    }
  });

  test('what it accepts is bencode; what is no bencode it refuses', () => {
    const view = new KrpcView();
    for (const { name, text } of KRPC_VECTORS) {
      const general = decode(bytesOf(text));
      const isBencode = !(general instanceof Malformed);
      if (view.parse(bytesOf(text)) === undefined) expect(isBencode, name).toBe(true);
    }
  });

  test('a query whose meaning is wrong keeps its transaction, so that the asker can be told', () => {
    const view = new KrpcView();
    expect(view.parse(bytesOf('d1:ade1:q9:find_node1:t2:aa1:y1:qe'))).toBe('missing_field');
    expect(view.kind).toBe('query');
    expect(range(view, view.transactionAt, view.transactionLength)).toBe('aa');
  });
});
