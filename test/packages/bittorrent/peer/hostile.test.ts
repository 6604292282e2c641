// What hostile peers do, each with the reason it is counted under, and none of it costing more than its bound.
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import type { Ending, Useless } from '@swarmscope/bittorrent/peer/facts.ts';
import type { Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { describe, expect, test } from 'vitest';
import { makeSwarm, talking } from './swarm-stub.ts';

const text = (value: string) => new TextEncoder().encode(value);
const hex = (value: string) => fromHex(value)!;

describe('violations end the session', () => {
  test.each<[string, Message | Uint8Array, Ending]>([
    ['a length of 2^31', hex('80000000'), 'frame_too_long'],
    ['a HAVE of a megabyte', hex('0010000004'), 'frame_too_long'],
    ['a short request', hex('0000000306000000'), 'message_bad_length'],
    ['a bitfield that is too long', { type: 'bitfield', bits: Uint8Array.of(0, 0) }, 'bitfield_bad_length'],
    ['a bitfield with spare bits', { type: 'bitfield', bits: Uint8Array.of(0x07) }, 'bitfield_bad_field'],
    ['a HAVE beyond the end', { type: 'have', index: 5 }, 'have_out_of_range'],
    ['d-3:e in the extension handshake', { type: 'extended', id: 0, payload: text('d-3:e') }, 'extension_bad_key'],
    ['a metadata message that is none', { type: 'extended', id: 2, payload: text('i1e') }, 'metadata_bad_type'],
    ['a PEX message that is none', { type: 'extended', id: 1, payload: text('d5:added1:xe') }, 'pex_bad_length'],
    ['a DONTHAVE of one byte', { type: 'extended', id: 7, payload: text('x') }, 'extension_bad_length'],
    ['an upload_only of two', { type: 'extended', id: 3, payload: text('xx') }, 'extension_bad_length'],
  ])('%s', (_, part, ending) => {
    const end = talking();
    end.hear(1, part);
    end.hear(2, { type: 'unchoke' });
    expect(end.over).toBe('abort');
    expect(end.of('unchoked')).toEqual([]);
    expect(end.close()).toMatchObject({ outcome: 'handshaken', ending });
  });

  test('a frame that drips', () => {
    const end = talking(makeSwarm(), { frameMs: 1000, idleMs: 9000 });
    for (let now = 0; now < 900; now += 100) end.hear(now, now === 0 ? hex('0000400907') : Uint8Array.of(1));
    expect(end.session.deadline()).toBe(1000);
    end.session.tick(1000, end.out);
    expect(end.close().ending).toBe('frame_slow');
  });

  test('a peer that never speaks and one that never ends', () => {
    const silent = talking(makeSwarm(), { idleMs: 1000 });
    silent.hear(500, hex('0000'));
    silent.session.tick(1000, silent.out);
    expect(silent.close().ending).toBe('idle');
    const endless = talking(makeSwarm(), { lifeMs: 5000 });
    for (let now = 0; now < 5000; now += 500) endless.hear(now, { type: 'keep_alive' });
    endless.session.tick(5000, endless.out);
    expect(endless.close().ending).toBe('lifetime');
  });
});

describe('floods run out of patience', () => {
  const request: Message = { type: 'request', index: 0, begin: 0, length: 1 };
  test.each<[Useless, Message]>([
    ['keep_alive', { type: 'keep_alive' }],
    ['repeated_state', { type: 'choke' }],
    ['bitfield_again', { type: 'have_none' }],
    ['have_known', { type: 'have', index: 0 }],
    ['block_unasked', { type: 'piece', index: 0, begin: 0, block: Uint8Array.of(1) }],
    ['reject_unasked', { ...request, type: 'reject' }],
    ['cancel_unknown', { ...request, type: 'cancel' }],
    ['extension_unknown', { type: 'extended', id: 99, payload: new Uint8Array(100) }],
    ['metadata_unasked', { type: 'extended', id: 2, payload: text('d8:msg_typei2e5:piecei0ee') }],
    ['metadata_again', { type: 'extended', id: 2, payload: text('d8:msg_typei0e5:piecei0ee') }],
    ['pex_early', { type: 'extended', id: 1, payload: text('de') }],
  ])('%s', (useless, message) => {
    const end = talking();
    for (let i = 0; i < 1000; i++) end.hear(1, message);
    const closed = end.close();
    expect(closed.ending).toBe('flood');
    expect(closed.useless.get(useless)).toBe(257);
  });

  test.each<[Message['type'], Message['type']]>([
    ['unchoke', 'choke'],
    ['interested', 'not_interested'],
  ])("%s, %s, and so on: changing one's mind is lawful, a thousand times a second it is not", (one, other) => {
    const end = talking();
    for (let i = 0; i < 1000; i++) end.hear(i, { type: i % 2 === 0 ? one : other } as Message);
    expect(end.close().ending).toBe('flood');
    const slow = talking();
    for (let i = 0; i < 60; i++) slow.hear(10_000 * i, { type: i % 2 === 0 ? one : other } as Message);
    expect(slow.close().useless.size).toBe(0);
  });

  test('unknown messages too, but as many as a session of an hour brings are borne', () => {
    const end = talking();
    for (let i = 0; i < 3600; i++) end.hear(i * 1000, hex('00000002630a'));
    expect(end.over).toBeUndefined();
    for (let i = 0; i < 300; i++) end.hear(3_600_000, hex('00000002630a'));
    expect(end.close().ending).toBe('flood');
  });

  test('requests are refused beyond the queue, and never served what was not verified', () => {
    const swarm = makeSwarm({ holds: [0], uploads: 0 });
    const end = talking(swarm);
    end.hear(1, { type: 'interested' });
    end.take();
    for (let i = 0; i < 100; i++) end.hear(2, { type: 'request', index: 0, begin: i, length: 16 });
    expect(end.written).toHaveLength(36);
    end.take();
    const wrong = [
      [1, 0, 16],
      [0, 39_990, 16],
      [0, 0, 0],
      [0, 0, 16_385],
      [0xffffffff, 0xffffffff, 0xffffffff],
    ] as const;
    for (const [index, begin, length] of wrong) end.hear(3, { type: 'request', index, begin, length });
    expect(end.written.map((bytes) => bytes[4])).toEqual([16, 16, 16, 16, 16]);
  });
});
