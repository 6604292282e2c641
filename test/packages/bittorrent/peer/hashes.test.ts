// BEP 52 on the wire: hashes asked, proved and given; pieces and leaves checked with them; a hybrid's dial upgraded to v2; and what refusals come to.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { decodeHandshake, encodeFeatures, encodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import { decodeMessage, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { describe, expect, test } from 'vitest';
import { converse, End } from './swarm-stub.ts';

const LEAF = 16_384;
const contents = {
  v2: contentOf('v2'),
  hybrid: contentOf('hybrid'),
};

function contentOf(version: 'v2' | 'hybrid'): Content {
  const files = [
    { path: 'long', bytes: 9 * 65_536 - 20_000 },
    { path: 'short', bytes: 40_000 },
    { path: 'tiny', bytes: 100 },
  ];
  return new Content({ name: 'leaves', seed: 5, pieceBytes: 65_536, files, version });
}

/** A swarm of that torrent: under a name, with the layers of the file or without, with all pieces or none. */
function swarmOf(content: Content, options: { under?: 0 | 1; layers?: boolean; holds?: boolean; known?: boolean } = {}) {
  const torrent = parseTorrent(content.torrentFile);
  if (torrent instanceof Malformed) throw new Error(torrent.reason);
  const { info, layers } = torrent;
  const count = options.holds ? info.pieces : 0;
  const layout = new TorrentLayout(info, options.layers ? layers : undefined);
  const swarm = {
    infoHash: content.wireHashes[options.under ?? 0]!,
    infoHashV2: options.known === false ? undefined : info.infoHashV2!.subarray(0, 20),
    isNamed: (hash: Uint8Array) => content.wireHashes.some((each) => toHex(each) === toHex(hash)),
    info: info.bytes,
    layout,
    pieces: {
      size: count,
      has: (piece: number) => piece < count,
      read: (piece: number) => content.range(piece * info.pieceBytes, layout.pieceBytes(piece)),
      indices: () => Array.from({ length: count }, (_, i) => i),
    },
    upload: { take: () => true },
    allowsPex: true,
  } satisfies Swarm;
  return { swarm, layout, layers, info };
}

/** A prober and a seeder that have shaken hands; what the prober challenges is carried at once. */
function meet(ours: Swarm, theirs: Swarm) {
  const prober = new End({ swarm: ours, peerId: new Uint8Array(20).fill(3) });
  const seeder = new End({ swarm: () => theirs, peerId: new Uint8Array(20).fill(4) });
  prober.session.opened(0, prober.out);
  seeder.session.opened(0, seeder.out);
  converse(prober, seeder, 1);
  const challenge = (piece: number, leaf?: number) => {
    const begun = prober.session.challenge(piece, 10, prober.out, leaf);
    converse(prober, seeder, 20);
    return begun ? prober.of('challenge').at(-1) : undefined;
  };
  return { prober, seeder, challenge };
}

const messagesOf = (bytes: Uint8Array): Message[] => {
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
    messages.push(decodeMessage(bytes.subarray(at + 4, at + 4 + length)) as Message);
    at += 4 + length;
  }
  return messages;
};

describe('a v2 torrent whose metadata came without layers', () => {
  test('its layer is asked for with the first piece, proved, and then known', () => {
    const { swarm, layout, layers, info } = swarmOf(contents.v2);
    const { challenge } = meet(swarm, swarmOf(contents.v2, { layers: true, holds: true }).swarm);
    expect(layout.hashesFor(8)).toMatchObject({ range: { base: 2, index: 0, length: 16, proof: 3 } });
    expect(layout.verify(8, contents.v2.range(8 * 65_536, layout.pieceBytes(8)))).toBeUndefined();
    expect(challenge(8)).toMatchObject({ piece: 8, leaf: undefined, result: 'passed' });
    expect(layout.hashesFor(0)).toBeUndefined();
    const root = info.files[0]!.root!;
    const range = { root, base: 2, index: 0, length: 16, proof: 3 };
    expect(layout.answerHashes(range)!.subarray(0, 9 * 32)).toEqual(layers.get(toHex(root)));
    expect(challenge(0)).toMatchObject({ piece: 0, result: 'passed' });
    // Files of one piece need no layer.
    expect(layout.hashesFor(9)).toBeUndefined();
    expect(challenge(9)).toMatchObject({ result: 'passed' });
  });

  test('a peer that has no layers either is refused twice and asked no more: that is neither passed nor failed', () => {
    const ours = swarmOf(contents.v2);
    const { prober, challenge } = meet(ours.swarm, swarmOf(contents.v2, { holds: true }).swarm);
    expect(challenge(1)).toEqual({ type: 'challenge', piece: 1, result: 'unchecked', ms: 0, data: undefined });
    expect(prober.session.answersHashes).toBe(true);
    expect(challenge(2)).toMatchObject({ result: 'unchecked' });
    expect(prober.session.answersHashes).toBe(false);
    expect(challenge(3)).toBeUndefined();
    expect(challenge(10)).toMatchObject({ result: 'passed' });
    expect(prober.close()).toMatchObject({ bytesDown: 100 });
  });

  test('no answer in time is no more than a refusal', () => {
    const { prober } = meet(swarmOf(contents.v2).swarm, swarmOf(contents.v2, { holds: true }).swarm);
    expect(prober.session.challenge(1, 10, prober.out)).toBe(true);
    prober.session.tick(prober.session.deadline(), prober.out);
    expect(prober.of('challenge')).toMatchObject([{ result: 'unchecked' }]);
  });
});

/** The seeder's answer to a hash request, changed on its way. */
function answerChanged(change: (message: Extract<Message, { type: 'hashes' }>) => Message) {
  const ours = swarmOf(contents.v2).swarm;
  const { prober, seeder } = meet(ours, swarmOf(contents.v2, { layers: true, holds: true }).swarm);
  prober.session.challenge(1, 10, prober.out);
  seeder.hear(11, prober.take());
  for (const message of messagesOf(seeder.take())) prober.hear(12, message.type === 'hashes' ? change(message) : message);
  return prober;
}

describe('answers that are not what was asked for', () => {
  test('a hash that is not of the tree ends the session', () => {
    const prober = answerChanged((message) => ({
      ...message,
      hashes: message.hashes.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    }));
    expect(prober.over).toBe('abort');
    expect(prober.close()).toMatchObject({ ending: 'hashes_bad_hash' });
  });

  test('fewer hashes end it too', () => {
    const prober = answerChanged((message) => ({ ...message, hashes: message.hashes.subarray(32) }));
    expect(prober.close()).toMatchObject({ ending: 'hashes_bad_length' });
  });

  test('another range is of no use, and counted', () => {
    const prober = answerChanged((message) => ({ ...message, index: 16 }));
    expect(prober.over).toBeUndefined();
    expect(prober.close().useless.get('hashes_unasked')).toBe(1);
  });
});

describe('one leaf of a piece', () => {
  /** Leaves are answered by who has them: the lab's tree does, from all leaves. */
  function withLeaves(content: Content, corrupt = false) {
    const theirs = swarmOf(content, { under: content === contents.hybrid ? 1 : 0, holds: true });
    theirs.layout.answerHashes = ({ root, base, index, length, proof }) =>
      content.treeOf(root)?.range(base, index, length, proof);
    const { read } = theirs.swarm.pieces;
    if (corrupt) theirs.swarm.pieces.read = (piece) => read(piece).map((byte) => byte ^ 1);
    return theirs.swarm;
  }

  test.each(['v2', 'hybrid'] as const)('of a %s torrent is asked for with its proof, and nothing else', (version) => {
    const content = contents[version];
    const ours = swarmOf(content, { under: version === 'hybrid' ? 1 : 0 });
    const { prober, challenge } = meet(ours.swarm, withLeaves(content));
    expect([0, 8, 9, 10].map((piece) => ours.layout.leavesOf(piece))).toEqual([4, 3, 3, 1]);
    expect(challenge(0, 3)).toEqual({ type: 'challenge', piece: 0, leaf: 3, result: 'passed', ms: 0, data: undefined });
    const lastBytes = 9 * 65_536 - 20_000 - (8 * 65_536 + 2 * LEAF);
    expect(ours.layout.leaf(8, 2)).toMatchObject({ begin: 2 * LEAF, bytes: lastBytes });
    expect(challenge(8, 2)).toMatchObject({ leaf: 2, result: 'passed' });
    expect(challenge(9, 1)).toMatchObject({ leaf: 1, result: 'passed' });
    expect(prober.close()).toMatchObject({ bytesDown: 2 * LEAF + lastBytes });
    expect(ours.layout.leaf(8, 3)).toBeUndefined();
    expect(ours.layout.leaf(10, 0)).toBeUndefined();
  });

  test('that does not fit its hash speaks against the peer', () => {
    const { challenge } = meet(swarmOf(contents.v2).swarm, withLeaves(contents.v2, true));
    expect(challenge(3, 1)).toMatchObject({ piece: 3, leaf: 1, result: 'failed' });
  });
});

describe('the two names of a hybrid', () => {
  const [v1, v2] = contents.hybrid.wireHashes as [Uint8Array, Uint8Array];
  const theirs = () => swarmOf(contents.hybrid, { layers: true, holds: true }).swarm;

  test('who dials the first one and knows the second is given the second, and hashes with it', () => {
    const { prober, seeder } = meet(swarmOf(contents.hybrid, { under: 0 }).swarm, theirs());
    expect(prober.of('handshaken')).toMatchObject([{ infoHash: v2 }]);
    expect(seeder.of('handshaken')).toMatchObject([{ infoHash: v1, features: { v2: true } }]);
    expect(prober.session.answersHashes).toBe(true);
    expect(seeder.session.answersHashes).toBe(true);
  });

  test('who does not know it says nothing of v2, and never asks for hashes in that session', () => {
    const { prober } = meet(swarmOf(contents.hybrid, { under: 0, known: false }).swarm, theirs());
    expect(prober.of('handshaken')).toMatchObject([{ infoHash: v1 }]);
    expect(prober.session.answersHashes).toBe(false);
    expect(prober.session.challenge(0, 2, prober.out, 1)).toBe(false);
    expect(prober.session.challenge(0, 2, prober.out)).toBe(true);
  });

  test('a remote that asks to be upgraded while we know no second name is answered with the first', () => {
    const end = new End({ swarm: () => swarmOf(contents.hybrid, { known: false }).swarm });
    end.session.opened(0, end.out);
    const reserved = encodeFeatures({ extended: true, fast: true, v2: true });
    end.hear(1, encodeHandshake({ reserved, infoHash: v1, peerId: new Uint8Array(20).fill(7) }));
    expect(decodeHandshake(end.take())).toMatchObject({ infoHash: v1 });
    expect(end.session.answersHashes).toBe(false);
  });
});

describe('what we answer', () => {
  const root = swarmOf(contents.v2).info.files[0]!.root!;
  const ask = (range: Partial<Parameters<TorrentLayout['answerHashes']>[0]>, layers = true) => {
    const { seeder } = meet(swarmOf(contents.v2).swarm, swarmOf(contents.v2, { layers, holds: true }).swarm);
    seeder.hear(5, { type: 'hash_request', root, base: 2, index: 8, length: 4, proof: 3, ...range });
    return { answer: messagesOf(seeder.take())[0], seeder };
  };

  test('a range of a layer, with its uncles', () => {
    const { answer } = ask({});
    const hashes = contents.v2.treeOf(root)!.range(2, 8, 4, 3);
    expect(answer).toEqual({ type: 'hashes', root, base: 2, index: 8, length: 4, proof: 3, hashes });
  });

  test.each([
    ['of no file', { root: new Uint8Array(32) }],
    ['of leaves, which we do not keep', { base: 0 }],
    ['out of range', { index: 16 }],
    ['of an odd length', { length: 3 }],
  ])('a request %s is refused and counted', (_, range) => {
    const { answer, seeder } = ask(range);
    expect(answer?.type).toBe('hash_reject');
    expect(seeder.close().useless.get('hashes_refused')).toBe(1);
  });

  test('without layers everything is refused', () => {
    expect(ask({}, false).answer?.type).toBe('hash_reject');
  });
});
