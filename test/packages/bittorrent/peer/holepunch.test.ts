// Holepunch messages (BEP 55) in both directions, as libtorrent writes them too; and two sessions that speak of holes.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { encodeExtensionHandshake } from '@swarmscope/bittorrent/peer/extension.ts';
import {
  decodeHolepunch,
  encodeHolepunch,
  type HolepunchMessage,
  MAX_HOLEPUNCHES,
} from '@swarmscope/bittorrent/peer/holepunch.ts';
import { describe, expect, test } from 'vitest';
import { converse, End, makeSwarm, talking } from './swarm-stub.ts';

const V4 = { address: '192.0.2.7', port: 6881 };
const V6 = { address: '2001:db8::7', port: 6881 };

const VECTORS: readonly [string, HolepunchMessage, string][] = [
  ['rendezvous', { type: 'rendezvous', endpoint: V4, error: 'none' }, '0000c00002071ae100000000'],
  ['connect over IPv6', { type: 'connect', endpoint: V6, error: 'none' }, '010120010db80000000000000000000000071ae100000000'],
  ['not connected', { type: 'error', endpoint: V4, error: 'not_connected' }, '0200c00002071ae100000002'],
  ['to itself', { type: 'error', endpoint: V4, error: 'no_self' }, '0200c00002071ae100000004'],
];

describe('the message', () => {
  test.each(VECTORS)('%s, both ways', (_, message, hex) => {
    expect(toHex(encodeHolepunch(message))).toBe(hex);
    expect(decodeHolepunch(fromHex(hex)!)).toEqual(message);
  });

  test.each([
    [
      'without the error that is none, as libtorrent writes it',
      '0100c00002071ae1',
      { type: 'connect', endpoint: V4, error: 'none' },
    ],
    ['with an error that nobody knows', '0200c00002071ae1000000ff', { type: 'error', endpoint: V4, error: 'no_such_peer' }],
    ['of an unknown type', '0300c00002071ae100000000', { reason: 'unknown_message' }],
    ['of an unknown family', '0002c00002071ae100000000', { reason: 'bad_field', offset: 1 }],
    ['cut', '0000c00002071a', { reason: 'truncated' }],
    ['an error that is cut', '0200c00002071ae10000', { reason: 'truncated' }],
    ['of IPv6 and too short', '0001c00002071ae100000000', { reason: 'truncated' }],
    ['empty', '', { reason: 'truncated' }],
  ])('%s', (_, hex, means) => {
    expect(decodeHolepunch(fromHex(hex)!)).toMatchObject(means);
  });
});

function meet(hasUtp = true, pex = true) {
  const self = { client: 'Test', listenPort: 1, hasUtp };
  const a = new End({ swarm: makeSwarm({ pex }), self, peerId: new Uint8Array(20).fill(3) });
  const b = new End({ swarm: () => makeSwarm({ pex }), self, peerId: new Uint8Array(20).fill(4) });
  a.session.opened(0, a.out);
  b.session.opened(0, b.out);
  converse(a, b, 1);
  return { a, b };
}

describe('two sessions', () => {
  test('tell each other what they want and what they order', () => {
    const { a, b } = meet();
    const message: HolepunchMessage = { type: 'rendezvous', endpoint: V4, error: 'none' };
    expect(a.session.sendHolepunch(message, a.out)).toBe(true);
    converse(a, b, 2);
    expect(b.of('holepunch')).toEqual([{ type: 'holepunch', message }]);
  });

  test.each([
    ['without uTP', false, true],
    ['of a private torrent', true, false],
  ])('%s say nothing of holes', (_, hasUtp, pex) => {
    const { a } = meet(hasUtp, pex);
    expect(a.of('extended')[0]!.extensions).not.toContain('ut_holepunch');
    expect(a.session.sendHolepunch({ type: 'rendezvous', endpoint: V4, error: 'none' }, a.out)).toBe(false);
  });
});

describe('a peer that sends', () => {
  const extended = (payload: Uint8Array) => ({ type: 'extended', id: 4, payload }) as const;

  test('a broken message is cut off', () => {
    const end = talking();
    end.hear(1, extended(Uint8Array.of(0)));
    expect(end.close()).toMatchObject({ ending: 'holepunch_truncated' });
  });

  test('more than anybody needs is not read on, and counted', () => {
    const end = talking();
    const message = encodeHolepunch({ type: 'connect', endpoint: V4, error: 'none' });
    for (let i = 0; i < MAX_HOLEPUNCHES + 5; i++) end.hear(1, extended(message));
    expect(end.of('holepunch')).toHaveLength(MAX_HOLEPUNCHES);
    expect(end.close().useless.get('holepunch_again')).toBe(5);
  });

  test('its own id for the extension is the one it is answered under', () => {
    const end = talking();
    const handshake = {
      extensions: new Map([['ut_holepunch', 77]]),
      client: undefined,
      listenPort: undefined,
      queue: undefined,
      yourAddress: undefined,
      metadataBytes: undefined,
      uploadOnly: undefined,
    };
    end.hear(1, { type: 'extended', id: 0, payload: encodeExtensionHandshake(handshake) });
    expect(end.session.sendHolepunch({ type: 'rendezvous', endpoint: V6, error: 'none' }, end.out)).toBe(true);
    expect([...end.take()].slice(4, 6)).toEqual([20, 77]);
  });
});
