// What is true of a swarm between two times, from the peers themselves: what a census is compared with.
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import type { LabPeer } from './peer.ts';
import { type PeerKind, VERDICTS, type Verdict } from './peer-kind.ts';

/** The least and the most that was true in the time. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

export interface PeerTruth {
  /** `ip:port`. */
  readonly endpoint: string;
  readonly kind: PeerKind;
  readonly nat: boolean;
  /** Each is right for some moment of the time. */
  readonly verdicts: readonly Verdict[];
  /** Pieces that it really has. */
  readonly pieces: Bounds;
  readonly piecesTotal: number;
}

export interface SwarmTruth {
  /** How many peers of each verdict there were at least and at most: a peer that changes makes the two differ. */
  readonly least: Readonly<Record<Verdict, number>>;
  readonly most: Readonly<Record<Verdict, number>>;
  /**
   * Whether the reachable peers have all pieces between them. Both values when it changed, or when evidence may show either: what a liar, a choker,
   * a super-seeder or a peer behind a NAT has beyond the others is really there, but perhaps not seen.
   */
  readonly completable: readonly boolean[];
  /** The same of each file. */
  readonly files: readonly { readonly path: string; readonly completable: readonly boolean[] }[];
  /** Peers that really have everything and can be reached; and those that say so. */
  readonly complete: Bounds;
  readonly claiming: Bounds;
  /** Copies of the rarest piece: what is surely seen at the least, what is there at the most. */
  readonly copiesMin: Bounds;
  readonly peers: readonly PeerTruth[];
}

/** `from` and `to` are monotonic milliseconds as the peers' own. Peers only ever gain pieces, so both ends of the time bound what lies between. */
export function swarmTruth(peers: readonly LabPeer[], from: number, to: number): SwarmTruth {
  const judged = peers.map((peer) => ({ peer, verdicts: [...new Set([...peer.verdicts(from), ...peer.verdicts(to)])] }));
  const count = (counts: (verdicts: readonly Verdict[], verdict: Verdict) => boolean) =>
    Object.fromEntries(
      VERDICTS.map((verdict) => [verdict, judged.filter((entry) => counts(entry.verdicts, verdict)).length]),
    ) as Record<Verdict, number>;
  const least = copiesOf(
    peers.filter((peer) => peer.isOpen),
    from,
  );
  const most = copiesOf(
    peers.filter((peer) => peer.rule.serves),
    to,
  );
  const copies = { least: fewest(least), most: fewest(most) };
  const isThere = (first: number, end: number) => [...new Set([fewest(least, first, end) > 0, fewest(most, first, end) > 0])];
  return {
    least: count((verdicts, verdict) => verdicts.length === 1 && verdicts[0] === verdict),
    most: count((verdicts, verdict) => verdicts.includes(verdict)),
    completable: isThere(0, most.length),
    files: (peers[0]?.plan.content.filePieces ?? []).map(({ path, first, end }) => ({ path, completable: isThere(first, end) })),
    complete: bounds(from, to, (now) => peers.filter((peer) => peer.rule.serves && peer.isComplete(now)).length),
    claiming: bounds(from, to, (now) => peers.filter((peer) => peer.rule.serves && peer.shown(now).complete).length),
    copiesMin: copies,
    peers: judged.map(({ peer, verdicts }) => ({
      endpoint: formatEndpoint(peer.plan.endpoint),
      kind: peer.plan.kind,
      nat: peer.plan.nat ?? false,
      verdicts,
      pieces: bounds(from, to, (now) => peer.count(now)),
      piecesTotal: peer.plan.content.pieces,
    })),
  };
}

function bounds(from: number, to: number, value: (now: number) => number): Bounds {
  return { least: value(from), most: value(to) };
}

/** How many of these peers really have each piece. Nobody has nothing. */
function copiesOf(peers: readonly LabPeer[], now: number): Uint32Array {
  const copies = new Uint32Array(peers[0]?.plan.content.pieces ?? 0);
  for (const peer of peers) for (const piece of peer.order.subarray(0, peer.count(now))) copies[piece]!++;
  return copies;
}

/** Copies of the rarest of these pieces; of none at all there are none. */
function fewest(copies: Uint32Array, first = 0, end = copies.length): number {
  return copies.length === 0 ? 0 : copies.subarray(first, end).reduce((least, count) => Math.min(least, count), 0xffff_ffff);
}
