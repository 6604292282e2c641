// The lab's peers speak the wire as their kind says, whatever the fragmentation, and show no more truth than they should.
import { decode, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import type { SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { Bitfield } from '@swarmscope/bittorrent/peer/bitfield.ts';
import { Framer } from '@swarmscope/bittorrent/peer/framer.ts';
import { decodeHandshake, encodeFeatures, encodeHandshake, HANDSHAKE_BYTES } from '@swarmscope/bittorrent/peer/handshake.ts';
import { decodeMessage, encodeMessage, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { LabPeer, type LabPeerPlan } from '@swarmscope/lab/sim/peer.ts';
import type { PeerKind } from '@swarmscope/lab/sim/peer-kind.ts';
import { LabPeerSession, type PeerSessionFact } from '@swarmscope/lab/sim/peer-session.ts';
import { describe, expect, test } from 'vitest';

const content = new Content({ name: 'x', seed: 3, pieceBytes: 32_768, files: [{ path: 'x', bytes: 20 * 32_768 - 5 }] });
const endpoint = { address: '127.0.0.1', port: 7 };
const peerId = new Uint8Array(20).fill(0x50);

/** The other end of a session: what it wrote, decoded. */
class Line implements SessionOut<PeerSessionFact> {
  readonly facts: PeerSessionFact[] = [];
  readonly messages: Message[] = [];
  readonly session: LabPeerSession;
  ended = false;
  aborted = false;
  /** False makes every write say that the buffer is full. */
  room = true;
  #bytes = new Uint8Array(0);
  #greeted = false;
  readonly #framer = new Framer();

  constructor(peer: LabPeer, fast = true, split = Number.POSITIVE_INFINITY) {
    this.session = new LabPeerSession(peer, () => [{ endpoint: { address: '1.2.3.4', port: 5 }, seed: true }]);
    this.session.opened(0, this);
    const reserved = encodeFeatures({ fast, extended: true });
    this.say(encodeHandshake({ reserved, infoHash: content.infoHashV1!, peerId }), 0, split);
    this.say(encodeMessage({ type: 'extended', id: 0, payload: encode({ m: { ut_metadata: 9, ut_pex: 8 } }) }), 0, split);
  }

  say(bytes: Uint8Array, now = 0, split = Number.POSITIVE_INFINITY): void {
    for (let at = 0; at < bytes.length; at += split) this.session.receive(bytes.subarray(at, at + split), now, this);
  }

  /** Runs every timer up to `now`. */
  until(now: number): void {
    while (!this.aborted && this.session.deadline() <= now) this.session.tick(this.session.deadline(), this);
  }

  ask(index: number, now: number, begin = 0): Message | undefined {
    const before = this.messages.length;
    this.say(encodeMessage({ type: 'request', index, begin, length: 16_384 }), now);
    return this.messages[before];
  }

  write(bytes: Uint8Array): boolean {
    let rest = bytes.slice();
    if (!this.#greeted) {
      this.#bytes = Uint8Array.from([...this.#bytes, ...rest]);
      if (this.#bytes.length < HANDSHAKE_BYTES) return true;
      expect(decodeHandshake(this.#bytes)).not.toBeInstanceOf(Malformed);
      this.#greeted = true;
      rest = this.#bytes.slice(HANDSHAKE_BYTES);
    }
    this.#framer.push(rest, (frame) => {
      const message = decodeMessage(frame.slice());
      expect(message).not.toBeInstanceOf(Malformed);
      return this.messages.push(message as Message) > 0;
    });
    return this.room;
  }

  emit(fact: PeerSessionFact): void {
    this.facts.push(fact);
  }

  end(): void {
    this.ended = true;
  }

  abort(): void {
    this.aborted = true;
  }

  pause(): void {}
  resume(): void {}

  get types(): string[] {
    return this.messages.map((message) => message.type);
  }

  get greeted(): boolean {
    return this.#greeted;
  }
}

function line(kind: PeerKind, more: Partial<LabPeerPlan> = {}, fast = true, split?: number): Line {
  return new Line(new LabPeer({ kind, content, endpoint, seed: 1, ...more }), fast, split);
}

function unchoked(kind: PeerKind, more: Partial<LabPeerPlan> = {}, fast = true): Line {
  const open = line(kind, more, fast);
  open.say(encodeMessage({ type: 'interested' }));
  open.until(400);
  return open;
}

describe('a seeder', () => {
  test('introduces itself the same at every fragmentation', () => {
    const whole = line('seeder');
    expect(whole.types).toEqual(['extended', 'have_all']);
    for (const split of [1, 2, 7, 67]) expect(line('seeder', {}, true, split).messages).toEqual(whole.messages);
    expect(line('seeder', {}, false).types).toEqual(['extended', 'bitfield']);
    expect(line('seeder', { fast: false }).types).toEqual(['extended', 'bitfield']);
  });

  test('unchokes who is interested and serves what the metainfo hashes', () => {
    const open = unchoked('seeder');
    expect(open.types).toContain('unchoke');
    const blocks = [0, 16_384].map((begin) => open.ask(3, 500, begin) as { block: Uint8Array });
    const piece = Uint8Array.from(blocks.flatMap((message) => [...message.block]));
    const hashes = (decode(content.info) as Map<string, Value>).get('pieces') as Uint8Array;
    expect(sha1(piece)).toEqual(hashes.slice(60, 80));
    expect(open.facts.at(-1)).toEqual({ type: 'served', piece: 3, bytes: 16_384, corrupt: false });
  });

  test('rejects while it chokes, keeps silent where that is unknown', () => {
    expect(line('seeder').ask(0, 1)).toEqual({ type: 'reject', index: 0, begin: 0, length: 16_384 });
    expect(line('seeder', {}, false).ask(0, 1)).toBeUndefined();
  });

  test('waits for room, forgets what is cancelled, ends over a request that is out of bounds', () => {
    const open = unchoked('seeder');
    open.room = false;
    expect(open.ask(0, 500)?.type).toBe('piece');
    expect(open.ask(1, 500)).toBeUndefined();
    expect(open.ask(2, 500)).toBeUndefined();
    open.say(encodeMessage({ type: 'cancel', index: 1, begin: 0, length: 16_384 }), 500);
    open.room = true;
    const before = open.messages.length;
    open.session.writable(600, open);
    expect(open.messages.slice(before).map((message) => 'index' in message && message.index)).toEqual([2]);
    open.say(encodeMessage({ type: 'request', index: 20, begin: 0, length: 16_384 }), 700);
    expect(open.aborted).toBe(true);
  });

  test('serves its metadata and tells of others, in public torrents', () => {
    const open = line('seeder');
    open.say(encodeMessage({ type: 'extended', id: 2, payload: encode({ msg_type: 0, piece: 0 }) }));
    const answer = open.messages.at(-1) as { id: number; payload: Uint8Array };
    expect(answer.id).toBe(9);
    expect(answer.payload.slice(-content.info.length)).toEqual(content.info);
    open.say(encodeMessage({ type: 'extended', id: 2, payload: encode({ msg_type: 0, piece: 1 }) }));
    expect(decode((open.messages.at(-1) as { payload: Uint8Array }).payload)).toEqual(
      new Map([
        ['msg_type', 2],
        ['piece', 1],
      ]),
    );
    open.until(1_000);
    const pex = open.messages.at(-1) as { id: number; payload: Uint8Array };
    expect(pex.id).toBe(8);
    expect((decode(pex.payload) as Map<string, Value>).get('added.f')).toEqual(Uint8Array.of(2));
  });
});

describe('those who have a part', () => {
  test('a leecher shows what it has, and a partial seed says upload_only', () => {
    const order = Uint32Array.from({ length: 20 }, (_, i) => 19 - i);
    for (const [kind, uploadOnly] of [
      ['leecher', false],
      ['partial_seed', true],
    ] as const) {
      const open = line(kind, { has: 3, order });
      const [said, bits] = open.messages as unknown as [{ payload: Uint8Array }, { bits: Uint8Array }];
      const field = Bitfield.fromBytes(bits.bits, 20) as Bitfield;
      expect([field.count, field.has(19), field.has(17), field.has(16)]).toEqual([3, true, true, false]);
      expect((decode(said.payload) as Map<string, Value>).has('upload_only')).toBe(uploadOnly);
    }
    expect(line('leecher', { has: 0 }).types).toEqual(['extended', 'have_none']);
  });

  test('a progressing one tells of every piece when it comes', () => {
    const progress = { startMs: 0, everyMs: 1_000, limit: 20 };
    const open = line('progressing', { has: 17, progress });
    open.until(2_500);
    expect(open.types.filter((type) => type === 'have')).toHaveLength(2);
    const peer = new LabPeer({ kind: 'progressing', content, endpoint, seed: 1, has: 17, progress });
    expect([peer.count(999), peer.count(1_000), peer.count(2_999), peer.count(9_999)]).toEqual([17, 18, 19, 20]);
    expect([peer.verdicts(2_999), peer.verdicts(3_000)]).toEqual([['leecher'], ['proved']]);
    open.until(60_000);
    expect(open.types.filter((type) => type === 'have')).toHaveLength(3);
  });

  test('a super-seeder shows one piece, and the next after that one was had', () => {
    const open = unchoked('super_seeder');
    const shown = () => open.messages.flatMap((message) => (message.type === 'have' ? [message.index] : []));
    expect(open.types.slice(0, 3)).toEqual(['extended', 'have_none', 'have']);
    open.until(30_000);
    expect(shown()).toHaveLength(1);
    const hidden = shown()[0] === 0 ? 1 : 0;
    expect(open.ask(hidden, 30_000)?.type).toBe('reject');
    expect(open.ask(shown()[0]!, 30_000)?.type).toBe('piece');
    open.until(40_000);
    expect(shown()).toHaveLength(2);
  });
});

describe('those who do not do what they say', () => {
  test.each([
    ['liar_rejects', 'reject'],
    ['liar_silent', undefined],
    ['liar_corrupt', 'piece'],
  ] as const)('%s', (kind, expected) => {
    const order = Uint32Array.from({ length: 20 }, (_, i) => i);
    const open = unchoked(kind, { has: 2, order });
    expect(open.types.slice(0, 2)).toEqual(['extended', 'have_all']);
    expect(open.ask(1, 500)?.type).toBe('piece');
    const lie = open.ask(7, 500);
    expect(lie?.type).toBe(expected);
    if (lie?.type === 'piece') expect(lie.block).not.toEqual(content.range(7 * 32_768, 16_384));
  });

  test('a choker claims all and never unchokes; a mute one says nothing; a tarpit not even a handshake', () => {
    const choker = unchoked('choker');
    choker.until(60_000);
    expect(choker.types).toEqual(['extended', 'have_all', 'extended']);
    const mute = unchoked('mute');
    expect([mute.greeted, mute.messages]).toEqual([true, []]);
    const tarpit = unchoked('tarpit');
    expect([tarpit.greeted, tarpit.aborted]).toEqual([false, false]);
    tarpit.until(200_000);
    expect(tarpit.aborted).toBe(true);
  });

  test('who wants encryption closes at once; who has another torrent says so and ends', () => {
    const closed = line('encrypted_only');
    expect([closed.greeted, closed.aborted]).toEqual([false, true]);
    const other = line('wrong_infohash');
    expect([other.greeted, other.ended]).toEqual([true, true]);
    expect(other.messages).toEqual([]);
  });

  test('a stranger to the torrent is shown out', () => {
    const open = line('seeder');
    const stranger = new LabPeerSession(new LabPeer({ kind: 'seeder', content, endpoint, seed: 1 }));
    open.ended = false;
    stranger.opened(0, open);
    stranger.receive(encodeHandshake({ reserved: new Uint8Array(8), infoHash: new Uint8Array(20), peerId }), 0, open);
    expect(open.ended).toBe(true);
  });
});
