// The peer session against itself and against a scripted remote: greeting, extensions, metadata, pieces, challenges, serving.
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { encodeExtensionHandshake } from '@swarmscope/bittorrent/peer/extension.ts';
import { decodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { decodeMessage, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { encodePex } from '@swarmscope/bittorrent/peer/pex.ts';
import { describe, expect, test } from 'vitest';
import { converse, End, INFO, INFO_HASH, makeSwarm, PIECES, pieceData, remoteHandshake, talking } from './swarm-stub.ts';

const ids = { seeder: new Uint8Array(20).fill(8), prober: new Uint8Array(20).fill(9) };

/** A prober that dials a full seeder of the same make; both opened, nothing carried yet. */
function pair(options: { known?: boolean; holds?: readonly number[] } = {}) {
  const theirs = makeSwarm({ holds: options.holds ?? [0, 1, 2, 3, 4] });
  const ours = makeSwarm({ known: options.known ?? true });
  const prober = new End({ swarm: ours, peerId: ids.prober });
  const seeder = new End({ swarm: (hash) => (theirs.isNamed(hash) ? theirs : undefined), peerId: ids.seeder });
  prober.session.opened(0, prober.out);
  seeder.session.opened(0, seeder.out);
  return { prober, seeder, ours, theirs };
}

const messagesOf = (bytes: Uint8Array): (Message | string)[] => {
  const messages: (Message | string)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    const message = decodeMessage(bytes.subarray(at + 4, at + 4 + length));
    messages.push(message instanceof Malformed ? message.reason : message);
    at += 4 + length;
  }
  return messages;
};
const typesOf = (bytes: Uint8Array) => messagesOf(bytes).map((each) => (typeof each === 'string' ? each : each.type));

describe('two sessions of ours', () => {
  test.each([Number.POSITIVE_INFINITY, 1, 7])('shake hands, show pieces, prove them: %s bytes at a time', (chunk) => {
    const { prober, seeder } = pair();
    expect(seeder.written).toEqual([]);
    converse(prober, seeder, 1, chunk);
    expect(prober.of('handshaken')).toMatchObject([{ infoHash: INFO_HASH, peerId: ids.seeder, features: { fast: true } }]);
    expect(seeder.of('handshaken')).toMatchObject([{ peerId: ids.prober }]);
    expect(prober.of('extended')).toMatchObject([{ client: 'Test 1', listenPort: 6881, metadataBytes: INFO.length }]);
    expect(prober.of('pieces')).toEqual([{ type: 'pieces', have: PIECES, total: PIECES, index: undefined }]);
    for (const piece of [0, 4]) {
      expect(prober.session.challenge(piece, 10, prober.out)).toBe(true);
      expect(prober.session.challenge(piece, 10, prober.out)).toBe(false);
      converse(prober, seeder, 20, chunk);
    }
    expect(prober.of('unchoked')).toHaveLength(1);
    expect(prober.of('challenge')).toEqual([
      { type: 'challenge', piece: 0, result: 'passed', ms: 0, data: pieceData(0) },
      { type: 'challenge', piece: 4, result: 'passed', ms: 10, data: pieceData(4) },
    ]);
    prober.session.finish(prober.out);
    expect(prober.over).toBe('end');
    expect(prober.close()).toMatchObject({ outcome: 'handshaken', ending: 'finished', bytesDown: 40_007 });
    expect(seeder.close()).toMatchObject({ outcome: 'handshaken', ending: 'remote', bytesUp: 40_007 });
  });

  test('metadata is fetched, checked, and what was shown before is then counted', () => {
    const { prober, seeder, ours } = pair({ known: false, holds: [1, 3] });
    converse(prober, seeder, 1);
    expect(prober.of('pieces')).toEqual([{ type: 'pieces', have: undefined, total: undefined, index: undefined }]);
    expect(prober.session.challenge(1, 2, prober.out)).toBe(false);
    expect(prober.session.offersMetadata).toBe(true);
    expect(prober.session.fetchMetadata(2, prober.out)).toBe(true);
    converse(prober, seeder, 3);
    expect(prober.of('metadata')).toEqual([{ type: 'metadata', info: INFO }]);
    ours.know();
    prober.session.learn(prober.out);
    expect(prober.of('pieces').at(-1)).toEqual({ type: 'pieces', have: 2, total: PIECES, index: undefined });
    expect(prober.session.challenge(0, 4, prober.out)).toBe(false);
    expect(prober.session.challenge(3, 4, prober.out)).toBe(true);
  });

  test('what was verified is offered, wanted, and given within the upload budget', () => {
    const { prober, seeder, ours } = pair({ holds: [] });
    converse(prober, seeder, 1);
    ours.held.set(2, pieceData(2));
    ours.budget.left = 16_384;
    prober.session.offer(2, 2, prober.out);
    converse(prober, seeder, 2);
    expect(seeder.session.challenge(2, 3, seeder.out)).toBe(true);
    converse(prober, seeder, 3);
    expect(seeder.of('challenge')).toEqual([]);
    ours.budget.left = 1e6;
    expect(prober.session.deadline()).toBe(103);
    prober.session.tick(103, prober.out);
    converse(prober, seeder, 103);
    expect(seeder.of('challenge')).toMatchObject([{ piece: 2, result: 'passed', ms: 100 }]);
    expect(prober.of('interested')).toEqual([{ type: 'interested', interested: true }]);
  });
});

describe('the greeting', () => {
  test('inbound: answers as soon as the infohash is there; another swarm ends it without a word', () => {
    const swarm = makeSwarm();
    const end = new End({ swarm: () => swarm });
    end.session.opened(0, end.out);
    end.hear(1, remoteHandshake().subarray(0, 47));
    expect(end.take()).toHaveLength(0);
    end.hear(2, remoteHandshake().subarray(47, 48));
    expect(decodeHandshake(end.take())).toMatchObject({ infoHash: INFO_HASH });
    const other = new End({ swarm: () => undefined });
    other.session.opened(0, other.out);
    other.hear(1, remoteHandshake());
    expect([other.take().length, other.over, other.close()]).toMatchObject([0, 'abort', { outcome: 'wrong_infohash' }]);
  });

  test('outbound: a peer that answers for another torrent', () => {
    const end = new End({ swarm: makeSwarm() });
    end.session.opened(0, end.out);
    end.hear(1, remoteHandshake(undefined, undefined, new Uint8Array(20)));
    expect(end.close()).toMatchObject({ outcome: 'wrong_infohash', ending: 'finished' });
  });

  test('meeting ourselves, by our own id or another of ours', () => {
    for (const peerId of [new Uint8Array(20).fill(1), new Uint8Array(20).fill(77)]) {
      const end = new End({ swarm: makeSwarm(), isOwn: (id) => id[0] === 77 });
      end.session.opened(0, end.out);
      end.hear(1, remoteHandshake(undefined, peerId));
      expect([end.of('handshaken').length, end.close().outcome]).toEqual([0, 'self']);
    }
  });

  test('no handshake in time, garbage, or the end of the stream', () => {
    const late = new End({ swarm: makeSwarm() }, { handshakeMs: 500 });
    late.session.opened(0, late.out);
    late.hear(100, remoteHandshake().subarray(0, 60));
    expect(late.session.deadline()).toBe(500);
    late.session.tick(500, late.out);
    expect(late.close('reset')).toMatchObject({ outcome: 'timeout', ending: 'silent' });
    const garbage = new End({ swarm: makeSwarm() });
    garbage.session.opened(0, garbage.out);
    garbage.hear(1, new TextEncoder().encode('SSH-2.0'));
    expect(garbage.close()).toMatchObject({ outcome: 'protocol_error', ending: 'handshake_bad_field' });
    const gone = new End({ swarm: makeSwarm() });
    gone.session.opened(0, gone.out);
    expect(gone.close('reset')).toMatchObject({ outcome: 'reset', ending: 'remote' });
  });

  test('says what we have: have_none or nothing when empty, else a bitfield', () => {
    const said = (holds: number[], fast: boolean) => {
      const end = new End({ swarm: makeSwarm({ holds }) });
      end.session.opened(0, end.out);
      end.take();
      end.hear(0, remoteHandshake({ extended: false, fast }));
      return messagesOf(end.take());
    };
    expect(said([], true)).toEqual([{ type: 'have_none' }]);
    expect(said([], false)).toEqual([]);
    expect(said([0, 4], true)).toEqual([{ type: 'bitfield', bits: Uint8Array.of(0x88) }]);
  });
});

describe('challenges', () => {
  const claimsAll = (times = {}, features = { extended: false, fast: true }) => {
    const end = talking(makeSwarm(), { challengeMs: 1000, rejectRetryMs: 100, ...times }, features);
    end.hear(1, { type: 'have_all' });
    end.session.challenge(0, 2, end.out);
    return end;
  };
  const block = (i: number): Message => ({
    type: 'piece',
    index: 0,
    begin: i * 16_384,
    block: pieceData(0).subarray(i * 16_384, (i + 1) * 16_384),
  });

  test('nothing is asked while choked, three blocks when unchoked; a choke voids them, what came stays', () => {
    const end = claimsAll();
    expect(typesOf(end.take())).toEqual(['interested']);
    end.hear(3, { type: 'unchoke' });
    expect(typesOf(end.take())).toEqual(['request', 'request', 'request']);
    end.hear(4, block(0), { type: 'choke' }, { type: 'reject', index: 0, begin: 16_384, length: 16_384 });
    expect(end.session.deadline()).toBeGreaterThan(10_000);
    end.hear(5, { type: 'unchoke' });
    expect(messagesOf(end.take())).toMatchObject([{ begin: 16_384 }, { begin: 32_768, length: 7_232 }]);
    end.hear(6, block(1), block(2));
    expect(end.of('challenge')).toMatchObject([{ result: 'passed', ms: 3 }]);
  });

  test('a flipped bit fails it', () => {
    const end = claimsAll();
    const wrong = pieceData(0);
    wrong[40]! ^= 1;
    end.hear(3, { type: 'unchoke' }, { type: 'piece', index: 0, begin: 0, block: wrong.subarray(0, 16_384) }, block(1), block(2));
    expect(end.of('challenge')).toEqual([{ type: 'challenge', piece: 0, result: 'failed', ms: 0, data: undefined }]);
  });

  test('a refusal counts only while unchoked and the second time', () => {
    const end = claimsAll();
    const reject: Message = { type: 'reject', index: 0, begin: 0, length: 16_384 };
    end.hear(3, reject, { type: 'unchoke' });
    end.take();
    end.hear(4, reject);
    expect(end.of('challenge')).toEqual([]);
    expect(end.session.deadline()).toBe(104);
    end.session.tick(104, end.out);
    expect(typesOf(end.take())).toEqual(['request', 'request', 'request']);
    end.hear(105, reject);
    expect(end.of('challenge')).toMatchObject([{ result: 'rejected' }]);
  });

  test('silence ends it, and the question stays: blocks that come late pass or fail it after all', () => {
    const end = claimsAll();
    end.hear(3, { type: 'unchoke' }, block(1));
    end.take();
    end.session.tick(1002, end.out);
    expect(end.of('challenge')).toEqual([]);
    end.session.tick(1003, end.out);
    expect(end.of('challenge')).toMatchObject([{ result: 'silent' }]);
    expect(typesOf(end.take())).toEqual([]);
    end.session.challenge(1, 1003, end.out);
    end.hear(1004, block(0), block(2));
    expect(end.of('challenge')).toMatchObject([{ result: 'silent' }, { piece: 0, result: 'passed', ms: 1001 }]);
    expect(end.session.isChallenged).toBe(true);
    end.hear(1005, block(0));
    expect(end.close().useless).toEqual(new Map());
  });

  test('a late piece that was cut wrong fails', () => {
    const end = claimsAll();
    end.hear(3, { type: 'unchoke' });
    end.session.tick(1003, end.out);
    const wrong = pieceData(0);
    wrong[40]! ^= 1;
    end.hear(1004, { type: 'piece', index: 0, begin: 0, block: wrong.subarray(0, 16_384) }, block(1), block(2));
    expect(end.of('challenge')).toMatchObject([{ result: 'silent' }, { result: 'failed' }]);
  });

  test('a piece that is allowed fast is asked for while choked', () => {
    const end = claimsAll();
    end.take();
    end.hear(3, { type: 'allowed_fast', index: 0 });
    expect(typesOf(end.take())).toEqual(['request', 'request', 'request']);
    end.hear(4, block(0), block(1), block(2));
    expect(end.of('challenge')).toMatchObject([{ result: 'passed' }]);
  });
});

describe('extensions', () => {
  const greet = (fields: Partial<Parameters<typeof encodeExtensionHandshake>[0]>): Message => ({
    type: 'extended',
    id: 0,
    payload: encodeExtensionHandshake({
      extensions: new Map([
        ['ut_metadata', 9],
        ['ut_pex', 8],
      ]),
      client: undefined,
      listenPort: undefined,
      queue: undefined,
      yourAddress: undefined,
      metadataBytes: undefined,
      uploadOnly: undefined,
      ...fields,
    }),
  });

  test('metadata: too large is not asked, a reject and a timeout are failures, a wrong hash too', () => {
    const large = talking(makeSwarm({ known: false }));
    large.hear(1, greet({ metadataBytes: 16 * 1024 * 1024 }));
    expect(large.session.fetchMetadata(2, large.out)).toBe(false);
    const failures = [large];
    const ask = () => {
      const end = talking(makeSwarm({ known: false }), { metadataMs: 1000 });
      end.hear(1, greet({ metadataBytes: INFO.length }));
      expect(end.session.fetchMetadata(2, end.out)).toBe(true);
      failures.push(end);
      return end;
    };
    const text = (value: string) => new TextEncoder().encode(value);
    ask().hear(3, { type: 'extended', id: 2, payload: text('d8:msg_typei2e5:piecei0ee') });
    const data = `d8:msg_typei1e5:piecei0e10:total_sizei${INFO.length}ee`;
    ask().hear(3, { type: 'extended', id: 2, payload: text(`${data}${'x'.repeat(INFO.length)}`) });
    ask().hear(3, { type: 'extended', id: 2, payload: text(`${data}short`) });
    const slow = ask();
    expect(slow.session.deadline()).toBe(1002);
    slow.session.tick(1002, slow.out);
    expect(failures.map((end) => end.of('metadata_failed').map((fact) => fact.reason))).toEqual([
      ['too_large'],
      ['rejected'],
      ['bad_hash'],
      ['malformed'],
      ['timeout'],
    ]);
  });

  test('PEX: read once a minute, never in a private torrent; sent once a minute', () => {
    const payload = encodePex({ added: [{ endpoint: { address: '1.2.3.4', port: 5 }, flags: 2 }], dropped: [] });
    const end = talking();
    end.hear(1, greet({}), ...Array.from({ length: 5 }, (): Message => ({ type: 'extended', id: 1, payload })));
    expect(end.of('pex')).toHaveLength(3);
    end.take();
    const added = [{ endpoint: { address: '1.2.3.4', port: 5 }, flags: 0 }];
    expect([2, 3, 60_002].map((now) => end.session.sendPex(added, now, end.out))).toEqual([true, false, true]);
    expect(messagesOf(end.take())).toMatchObject([{ type: 'extended', id: 8 }, { id: 8 }]);
    const hidden = talking(makeSwarm({ pex: false }));
    hidden.hear(1, greet({}), { type: 'extended', id: 1, payload });
    expect([hidden.of('pex').length, hidden.session.sendPex(added, 2, hidden.out)]).toEqual([0, false]);
    expect(hidden.close().useless).toEqual(new Map([['pex_private', 1]]));
  });

  test('upload_only and DONTHAVE', () => {
    const end = talking();
    end.hear(1, greet({ uploadOnly: true }), { type: 'have_all' });
    expect(end.session.uploadOnly).toBe(true);
    end.hear(2, { type: 'extended', id: 3, payload: Uint8Array.of(0) });
    end.hear(2, { type: 'extended', id: 7, payload: Uint8Array.of(0, 0, 0, 2) });
    expect([end.session.uploadOnly, end.session.pieces.have]).toEqual([false, PIECES - 1]);
    expect(end.of('pieces').at(-1)).toMatchObject({ have: PIECES - 1, index: 2 });
  });

  test('a silent owner keeps the line: a keep-alive when nothing else was said', () => {
    const end = talking(makeSwarm(), { keepAliveMs: 1000, idleMs: 5000 });
    expect(end.session.deadline()).toBe(1000);
    end.session.tick(1000, end.out);
    expect(typesOf(end.take())).toEqual(['keep_alive']);
    expect(end.session.deadline()).toBe(2000);
    end.session.tick(5000, end.out);
    expect(end.close()).toMatchObject({ outcome: 'handshaken', ending: 'idle' });
  });
});
