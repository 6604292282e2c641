// Mutated peer messages, extension payloads and whole streams: no throw, no hang, nothing held beyond its bound; the same seed gives the same run.
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import { type Info, parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { decodeExtensionHandshake, encodeExtensionHandshake } from '@swarmscope/bittorrent/peer/extension.ts';
import { Framer } from '@swarmscope/bittorrent/peer/framer.ts';
import { decodeHolepunch, encodeHolepunch } from '@swarmscope/bittorrent/peer/holepunch.ts';
import { decodeMessage, encodeMessage, MAX_FRAME_BYTES } from '@swarmscope/bittorrent/peer/messages.ts';
import { decodeMetadataMessage, encodeMetadataMessage } from '@swarmscope/bittorrent/peer/metadata.ts';
import { decodePex, encodePex } from '@swarmscope/bittorrent/peer/pex.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { describe, expect, test } from 'vitest';
import { End, INFO, makeSwarm, pieceData, remoteHandshake, talking } from '../packages/bittorrent/peer/swarm-stub.ts';
import { PEER_VECTORS } from '../vectors/peer.ts';

const RUNS = Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 20_000);

/** xorshift: the whole file replays from this one number. */
function randomSource(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Flips, overwrites, cuts, doubles or inserts: one to four of them. */
function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let list = [...bytes];
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(list.length + 1);
    const kind = random(5);
    if (kind === 0 && at < list.length) list[at]! ^= 1 << random(8);
    else if (kind === 1 && at < list.length) list[at] = random(256);
    else if (kind === 2) list = list.slice(0, at);
    else if (kind === 3) list.splice(at, 0, ...list.slice(at, at + random(20)));
    else list.splice(at, 0, random(256));
  }
  return Uint8Array.from(list);
}

const text = (value: string) => new TextEncoder().encode(value);
const payloads = {
  handshake: encodeExtensionHandshake({
    extensions: new Map([
      ['ut_metadata', 2],
      ['ut_pex', 1],
    ]),
    client: 'qBittorrent/5',
    listenPort: 6881,
    queue: 500,
    yourAddress: '1.2.3.4',
    metadataBytes: INFO.length,
    uploadOnly: true,
  }),
  data: encodeMetadataMessage({ type: 'data', piece: 0, totalBytes: INFO.length, block: INFO }),
  request: encodeMetadataMessage({ type: 'request', piece: 0 }),
  pex: encodePex({ added: [{ endpoint: { address: '1.2.3.4', port: 5 }, flags: 2 }], dropped: [] }),
  hole: encodeHolepunch({ type: 'error', endpoint: { address: '2001:db8::1', port: 5 }, error: 'no_self' }),
  hang: text('d-3:e'),
};
const ID_OF: Readonly<Record<string, number>> = { handshake: 0, pex: 1, hole: 4 };

describe('parsers', { timeout: 240_000 }, () => {
  test('of messages and payloads return a value whatever comes', () => {
    const random = randomSource(0x5eed);
    const seeds = [...PEER_VECTORS.map((vector) => fromHex(vector.hex)!.subarray(4)), ...Object.values(payloads)];
    for (let run = 0; run < RUNS; run++) {
      const bytes = mutate(seeds[random(seeds.length)]!, random);
      for (const parse of [decodeMessage, decodeExtensionHandshake, decodeMetadataMessage, decodePex, decodeHolepunch])
        expect(typeof parse(bytes)).toBe('object');
    }
  });

  test('the framer holds no more than one frame, and about what has come', () => {
    const random = randomSource(0xf4a3e);
    for (let run = 0; run < RUNS / 10; run++) {
      const framer = new Framer();
      let came = 0;
      for (let i = 0; i < 30; i++) {
        const chunk = mutate(fromHex(PEER_VECTORS[random(PEER_VECTORS.length)]!.hex)!, random);
        came += chunk.length;
        if (framer.push(chunk, () => true)) break;
        expect(framer.heldBytes).toBeLessThanOrEqual(Math.min(MAX_FRAME_BYTES, Math.max(1024, 2 * came)));
      }
    }
  });
});

describe('a session', { timeout: 240_000 }, () => {
  test('fed with mutated streams in random chunks never throws, and always ends or waits with a deadline', () => {
    const random = randomSource(0xab1e);
    const messages = [
      ...PEER_VECTORS.map((vector) => fromHex(vector.hex)!),
      ...Object.entries(payloads).map(([name, payload]) => encodeMessage({ type: 'extended', id: ID_OF[name] ?? 2, payload })),
      encodeMessage({ type: 'have_all' }),
      encodeMessage({ type: 'piece', index: 0, begin: 0, block: pieceData(0).subarray(0, 16_384) }),
    ];
    for (let run = 0; run < RUNS / 20; run++) {
      const end = talking(makeSwarm({ known: random(2) === 0, holds: [0, 1] }));
      let now = 0;
      for (let i = 0; i < 20 && end.over === undefined; i++) {
        const message = messages[random(messages.length)]!;
        const bytes = random(3) === 0 && message.length < 1000 ? mutate(message, random) : message;
        const cut = random(bytes.length + 1);
        end.hear(now, bytes.subarray(0, cut), bytes.subarray(cut));
        end.session.challenge(random(5), now, end.out);
        end.session.fetchMetadata(now, end.out);
        end.take();
        now += random(2000);
        end.session.tick(now, end.out);
        expect(end.session.deadline()).toBeGreaterThan(end.over ? 0 : now);
      }
      expect(end.close('closed_early', now).outcome).toBe('handshaken');
    }
  });

  test('given mutated hashes of a v2 torrent neither believes them nor throws', () => {
    const random = randomSource(0x5a5a);
    const content = new Content({
      name: 'v2',
      seed: 1,
      pieceBytes: 32_768,
      files: [{ path: 'f', bytes: 500_000 }],
      version: 'v2',
    });
    const infoHash = content.wireHashes[0]!;
    for (let run = 0; run < RUNS / 100; run++) {
      const layout = new TorrentLayout(parseInfo(content.info) as Info);
      const swarm = { ...makeSwarm(), infoHash, infoHashV2: infoHash, isNamed: () => true, info: content.info, layout };
      const end = new End({ swarm });
      end.session.opened(0, end.out);
      end.hear(0, remoteHandshake(undefined, undefined, infoHash), { type: 'have_all' });
      expect(end.session.challenge(3, 1, end.out)).toBe(true);
      const { range } = layout.hashesFor(3)!;
      const hashes = content.treeOf(range.root)!.range(range.base, range.index, range.length, range.proof)!;
      const answer = encodeMessage({ type: 'hashes', ...range, hashes });
      const sent = mutate(answer, random);
      end.hear(2, sent);
      const isSame = sent.length === answer.length && sent.every((byte, i) => byte === answer[i]);
      if (!isSame && layout.hashesFor(3) === undefined) expect(sent.subarray(0, answer.length)).toEqual(answer);
      expect(['closed_early', 'handshaken']).toContain(end.close('closed_early', 3).outcome);
    }
  });

  test('greeted with mutated handshakes', () => {
    const random = randomSource(0x9e77);
    for (let run = 0; run < RUNS / 20; run++) {
      const end = new End({ swarm: makeSwarm() }, { handshakeMs: 1000 });
      end.session.opened(0, end.out);
      end.hear(1, mutate(remoteHandshake(), random));
      end.session.tick(1000, end.out);
      expect(end.session.isTalking).toBe(end.over === undefined);
    }
  });
});
