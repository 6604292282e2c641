// Peer sessions on real sockets: connect, both handshakes, bitfield, end; beside bare sockets that exchange the same bytes and beside `bittorrent-protocol`.
import { type Running, rateWhile, startActor, withActors } from './actor.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { inTurnsOf } from './measure.ts';

const WINDOW = 32;
const ROUNDS = 7;
const ROUND_MS = 400;
const UNIT = '1/CPU s';

async function handshakes(): Promise<Figure[]> {
  const seeder = await startActor<number>('tcp', 'bareSeeder');
  const dialler = (name: string) => startActor<number>('tcp', name, { port: seeder.ready, window: WINDOW });
  const [ours, bare, foreign] = [await dialler('ourDialler'), await dialler('bareDialler'), await dialler('foreignDialler')];
  const self = (one: Running<number>) => () => rateWhile(one, one, ROUND_MS);
  const rates = await withActors([seeder, ours, bare, foreign], async () => {
    const takes = { ours: self(ours), bare: self(bare), foreign: self(foreign) };
    await inTurnsOf(1, takes);
    return inTurnsOf(ROUNDS, takes);
  });
  return [
    compared({ name: 'peer_handshake', unit: UNIT, goal: 0.6 }, rates.ours, rates.bare),
    compared({ name: 'peer_handshake_vs_bittorrent_protocol', unit: UNIT, goal: 2.5 }, rates.ours, rates.foreign),
  ];
}

export const peers: readonly Entry[] = [
  { name: 'peer_handshake', title: 'handshake, extension handshake and bitfield with a seeder', run: handshakes },
];
