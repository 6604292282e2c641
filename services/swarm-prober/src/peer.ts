// One peer of a swarm as a census sees it: where it was learned, how its dials went, what its sessions found out, and the verdict from all that.
import type { Endpoint, Outcome } from '@swarmscope/bittorrent/machine.ts';
import type { Bitfield } from '@swarmscope/bittorrent/peer/bitfield.ts';
import type { Ending, PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import type { PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import type { Encryption, PeerSource, Transport, Verdict } from '@swarmscope/events/enums.ts';
import { Silence } from './silence.ts';
import { type Evidence, judge } from './verdict.ts';

/** A super-seeder shows its first piece at once, where a leecher that loads needs time for it. */
const FIRST_REVEAL_MS = 1_500;
/** Or later (libtorrent: after 10 s). Then what tells them apart is that it does not want what we offer and it does not show, for so long. */
const RESIST_MS = 2_000;

/** What the challenges of a peer came to, in one census. */
export interface Challenges {
  asked: number;
  passed: number;
  failed: number;
  /** Refused while we were unchoked. */
  rejected: number;
  silent: number;
  /** It gave no hashes to check with (v2): nothing was asked, nothing is said. */
  unchecked: number;
}

/** Most peers are never asked: a census knows thousands, and a set takes memory before anything is in it. */
const NO_PIECES: ReadonlySet<number> = new Set(); // bound: empty

export type PeerState = 'known' | 'dialling' | 'talking' | 'done';

/** A fact becomes a field; nothing here decides what to do next (plan.ts) or speaks to anybody. */
export class Peer {
  /** Where it listens; of an inbound peer at first where it came from. */
  endpoint: Endpoint;
  readonly sources = new Map<PeerSource, string | undefined>(); // bound: the kinds of sources; the last id of each
  /** Which of the swarm's infohashes it was learned under: that is what it is asked for. */
  via: number;
  claimsSeed: boolean | undefined;
  state: PeerState = 'known';
  /** It failed or refused a challenge on an earlier visit: nothing that it passes now proves it. */
  distrusted = false;
  /** Our own instance, met by its id: never counted. */
  isSelf = false;
  direction: 'out' | 'in' = 'out';
  /** How its last session went, or would have. */
  transport: Transport = 'tcp';
  encryption: Encryption = 'none';
  /** Reached with the help of a relay (BEP 55). */
  holepunch = false;
  attempts = 0;
  /** Not to be dialled before; monotonic. */
  dialDue = 0;
  outcome: Outcome | undefined;
  ending: Ending | undefined;
  peerId: Uint8Array | undefined;
  client: string | undefined;
  extensions: readonly string[] = []; // bound: 64, by the session
  fast: boolean | undefined;
  uploadOnly: boolean | undefined;
  interested = false;
  unchoked = false;
  pieces: PeerPieces | undefined;
  readonly challenges: Challenges = { asked: 0, passed: 0, failed: 0, rejected: 0, silent: 0, unchecked: 0 };
  #asked: Set<number> | undefined; // bound: challenges of one census, and those that silence adds
  #passed: Set<number> | undefined; // bound: as `#asked`
  readonly silence = new Silence();
  metadataFailed = false;
  bytesDown = 0;
  bytesUp = 0;
  startedAt: number | undefined;
  openedAt: number | undefined;
  handshakenAt: number | undefined;
  saidAt: number | undefined;
  firstRevealAt: number | undefined;
  /** Since when we have shown it a piece that it does not show. */
  offeredAt: number | undefined;
  #lastFactAt = 0;
  /** Since when we have wanted something of it while it choked us. */
  soughtAt: number | undefined;
  soughtLong = false;
  firstPieceMs: number | undefined;
  connectMs: number | undefined;
  handshakeMs: number | undefined;
  endedAt: number | undefined;

  constructor(endpoint: Endpoint, via = 0) {
    this.endpoint = endpoint;
    this.via = via;
  }

  /** Pieces that it was asked for. */
  get asked(): ReadonlySet<number> {
    return this.#asked ?? NO_PIECES;
  }

  /** Pieces that it gave whole or in part, with the right hash. */
  get passed(): ReadonlySet<number> {
    return this.#passed ?? NO_PIECES;
  }

  get field(): Bitfield | undefined {
    return this.pieces?.field;
  }

  /** Whether the handshake was good, now or earlier in this census. */
  get isHandshaken(): boolean {
    return this.outcome === 'handshaken';
  }

  get evidence(): Evidence {
    const pieces = this.pieces;
    return {
      handshaken: this.isHandshaken,
      failed: this.challenges.failed,
      missing: this.challenges.rejected > 0 || this.silence.isProof,
      passed: this.challenges.passed,
      silent: this.silence.isOpen || this.distrusted,
      claimsAll: pieces?.claimsAll ?? false,
      soughtLong: this.soughtLong,
      unchoked: this.unchoked,
      superSeeder: this.#isSuperSeeder(),
      said: pieces?.said ?? false,
      uploadOnly: this.uploadOnly ?? false,
      interested: this.interested,
    };
  }

  get verdict(): Verdict {
    return judge(this.evidence);
  }

  #isSuperSeeder(): boolean {
    if (this.interested || this.saidAt === undefined || this.firstRevealAt === undefined) return false;
    const isQuick = this.firstRevealAt - this.saidAt <= FIRST_REVEAL_MS;
    const resists = this.offeredAt !== undefined && this.#lastFactAt - this.offeredAt >= RESIST_MS;
    if (!isQuick && !resists) return false;
    return this.pieces?.revealsOneByOne(this.challenges.passed) ?? false;
  }

  /** A challenge goes out. */
  challenged(piece: number, isChoked: boolean, now: number): void {
    this.challenges.asked++;
    this.#asked ??= new Set();
    this.#asked.add(piece);
    if (isChoked) this.soughtAt ??= now;
  }

  /** We show pieces; the first one that it does not show itself begins the trial of its interest. */
  offered(pieces: Iterable<number>, now: number): void {
    for (const piece of pieces) if (!this.field?.has(piece)) this.offeredAt ??= now;
  }

  /** Before the session is ended by us: whether the wait for an unchoke was long enough to speak of it. */
  concludeChoke(chokeMs: number, now: number): void {
    this.soughtLong ||= this.soughtAt !== undefined && now - this.soughtAt >= chokeMs;
  }

  /** Takes a fact of its session. `pieces` is the session's own record of what the peer shows: it outlives the session. */
  take(fact: PeerFact, pieces: PeerPieces, now: number): void {
    this.#lastFactAt = now;
    switch (fact.type) {
      case 'handshaken':
        this.state = 'talking';
        this.outcome = 'handshaken';
        this.peerId = fact.peerId;
        this.fast = fact.features.fast;
        this.handshakenAt = now;
        this.handshakeMs ??= now - (this.openedAt ?? now);
        this.pieces = pieces;
        break;
      case 'extended':
        this.client = fact.client ?? this.client;
        this.extensions = fact.extensions; // bound: as above
        this.uploadOnly = fact.uploadOnly ?? this.uploadOnly;
        break;
      case 'upload_only':
        this.uploadOnly = fact.uploadOnly;
        break;
      case 'pieces':
        this.saidAt ??= now;
        if (pieces.revealed > 0) this.firstRevealAt ??= now;
        break;
      case 'unchoked':
        this.unchoked = true;
        this.soughtAt = undefined;
        break;
      case 'choked':
        this.soughtAt = now;
        this.silence.voided();
        break;
      case 'interested':
        this.interested ||= fact.interested;
        break;
      case 'challenge':
        this.#takeChallenge(fact, now);
        break;
      case 'metadata_failed':
        this.metadataFailed = true;
        break;
      case 'closed':
        this.#close(fact, now);
        break;
      default:
    }
  }

  #takeChallenge(fact: Extract<PeerFact, { type: 'challenge' }>, now: number): void {
    this.challenges[fact.result]++;
    if (fact.result === 'silent') this.silence.silent(fact.piece, now);
    if (fact.result !== 'passed') return;
    this.#passed ??= new Set();
    this.#passed.add(fact.piece);
    this.silence.arrived(fact.piece);
    this.firstPieceMs ??= fact.ms;
  }

  /** A later failure never takes back that the handshake was good once. */
  #close(fact: Extract<PeerFact, { type: 'closed' }>, now: number): void {
    this.state = 'done';
    if (!this.isHandshaken) this.outcome = fact.outcome;
    if (fact.outcome === 'self') this.isSelf = true;
    this.ending = fact.ending;
    this.bytesDown += fact.bytesDown;
    this.bytesUp += fact.bytesUp;
    this.soughtAt = undefined;
    this.silence.voided();
    this.endedAt = now;
  }
}
