// What to do next with a peer that we talk to: metadata first, then challenges of who claims everything, a look at who does not, and the end.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Peer } from './peer.ts';
import type { ProberBudgets, ProberTimes } from './settings.ts';

// A peer is done when its verdict can change no more by waiting:
//   said nothing                 after sayMs
//   metadata unknown             after metadataWaitMs, or when the swarm's census ends
//   claims all, verify allowed   enough challenges passed, then pieces that hang on claims like its own, until each was given by somebody; one failed or was refused; silence proved or hopeless; choked for chokeMs
//   claims all, verify not       at once
//   less than all                observeMs after it said so; revealMs if it began with nothing (a super-seeder reveals late)

export type Step =
  | { readonly do: 'wait'; readonly until: number }
  | { readonly do: 'fetch_metadata' }
  | { readonly do: 'challenge'; readonly piece: number }
  | { readonly do: 'finish' };

/** What the swarm says about its peers. */
export interface Situation {
  /** The number of pieces is known. */
  readonly known: boolean;
  /** One more peer may be asked for the metadata. */
  readonly mayFetch: boolean;
  /** Pieces may be asked for: verify is on, their hashes are known, the budgets hold. */
  readonly mayChallenge: boolean;
  /** Endpoints are still being dialled: who has what is not known yet. */
  readonly isGathering: boolean;
  /** A piece that nobody else is known to have, not asked of this peer yet; `later`: others are just being asked for those. */
  rarePiece(peer: Peer): number | 'later' | undefined;
  readonly times: ProberTimes;
  readonly budgets: ProberBudgets;
  readonly random: Random;
}

type View = Pick<PeerSession, 'isChoked' | 'isChallenged' | 'offersMetadata' | 'allowedFast'>;

/** A proved peer is held so many times `observeMs` while others are still being dialled. */
const GATHER_FACTOR = 4;
const GATHER_POLL_MS = 250;
/** A peer that gives no hashes is not asked for more of them. */
const MAX_UNCHECKED = 2;
/** Pieces that are asked of who reveals them one by one. */
const MAX_REVEALED_TRIED = 2;

const finish: Step = { do: 'finish' };
const wait = (until: number): Step => ({ do: 'wait', until });

/** The next step; `wait` at the latest until its time, sooner when a fact comes. */
export function nextStep(peer: Peer, session: View, situation: Situation, now: number): Step {
  const { times } = situation;
  const since = peer.handshakenAt ?? now;
  const verdict = peer.verdict;
  if (verdict === 'liar_corrupt' || verdict === 'liar_missing') return finish;
  if (!situation.known) return awaitMetadata(peer, session, situation, now);
  if (!peer.pieces?.said) return now >= since + times.sayMs ? finish : wait(since + times.sayMs);
  if (session.isChallenged) return awaitChallenge(peer, session, situation, now);
  if (peer.pieces.claimsAll) return challengeSeeder(peer, session, situation, now);
  return observe(peer, session, situation, now);
}

function awaitMetadata(peer: Peer, session: View, { times, mayFetch }: Situation, now: number): Step {
  const until = (peer.handshakenAt ?? now) + times.metadataWaitMs;
  if (session.offersMetadata && mayFetch && !peer.metadataFailed) return { do: 'fetch_metadata' };
  return now >= until ? finish : wait(until);
}

/** A challenge is out: the session tells how it ends, but an unchoke that never comes is ours to notice. */
function awaitChallenge(peer: Peer, session: View, { times }: Situation, now: number): Step {
  if (!session.isChoked || peer.soughtAt === undefined) return wait(Number.POSITIVE_INFINITY);
  const until = peer.soughtAt + times.chokeMs;
  return now >= until ? finish : wait(until);
}

function challengeSeeder(peer: Peer, session: View, situation: Situation, now: number): Step {
  const { times, budgets } = situation;
  if (peer.challenges.unchecked >= MAX_UNCHECKED) return finish;
  if (peer.silence.isDead) return awaitLate(peer, situation, now);
  const open = peer.silence.next(times.silenceSpacingMs);
  if (open && !open.other) return now >= open.at ? { do: 'challenge', piece: open.piece } : wait(open.at);
  // A silent piece needs another one to arrive between: that one may go beyond the number of challenges.
  if (!open && peer.challenges.passed >= budgets.challenges) return challengeRare(peer, situation, now);
  const piece = choosePiece(peer, session, situation);
  return piece === undefined ? finish : { do: 'challenge', piece };
}

/** Nothing more is asked of a line on which nothing comes; what was asked for may still come, and then it goes on. */
function awaitLate({ silence }: Peer, { times }: Situation, now: number): Step {
  const until = silence.lastAt + times.challengeMs;
  return now >= until ? finish : wait(until);
}

/** Who passed is asked for what nobody else shows, once it is known who shows what: there a lie matters most, and there it is found first. */
function challengeRare(peer: Peer, situation: Situation, now: number): Step {
  const { times, budgets, isGathering } = situation;
  const asked = peer.challenges.asked - budgets.challenges;
  if (!situation.mayChallenge || asked >= budgets.rareChallenges) return finish;
  const patience = (peer.handshakenAt ?? now) + times.observeMs * GATHER_FACTOR;
  if (isGathering && now < patience) return wait(Math.min(patience, now + GATHER_POLL_MS));
  const piece = situation.rarePiece(peer);
  if (piece === 'later') return wait(now + GATHER_POLL_MS);
  return piece === undefined ? finish : { do: 'challenge', piece };
}

/** Watches who is incomplete; who began with nothing for longer: it may be a super-seeder. Its revealed pieces are tried: that makes it go on. */
function observe(peer: Peer, session: View, situation: Situation, now: number): Step {
  const { observeMs, revealMs } = situation.times;
  const said = peer.saidAt ?? now;
  if (peer.firstRevealAt !== undefined && !peer.interested && peer.challenges.asked < MAX_REVEALED_TRIED) {
    const piece = choosePiece(peer, session, situation);
    if (piece !== undefined) return { do: 'challenge', piece };
  }
  const mayReveal = peer.pieces?.startedEmpty === true && !peer.interested;
  const until = Math.max(said + (mayReveal ? revealMs : observeMs), (peer.firstRevealAt ?? 0) + observeMs);
  return now >= until ? finish : wait(until);
}

/** A random piece that the peer shows and was not asked for yet; while it chokes us rather one that it allows fast. Few draws, then a scan. */
export function choosePiece(peer: Peer, session: View, situation: Situation): number | undefined {
  const { field } = peer;
  if (!field || !situation.mayChallenge) return undefined;
  const fits = (piece: number) => field.has(piece) && !peer.asked.has(piece);
  if (session.isChoked) for (const piece of session.allowedFast) if (fits(piece)) return piece;
  const start = Math.floor(situation.random() * field.length);
  for (let draw = 0; draw < 8; draw++) {
    const piece = draw === 0 ? start : Math.floor(situation.random() * field.length);
    if (fits(piece)) return piece;
  }
  for (let i = 0; i < field.length; i++) {
    const piece = (start + i) % field.length;
    if (fits(piece)) return piece;
  }
  return undefined;
}
