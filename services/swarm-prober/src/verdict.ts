// The verdict on a peer from the evidence of one census: ten words in a fixed order, the first that applies.
import type { Verdict } from '@swarmscope/events/enums.ts';

/** What is known of a peer when it is judged. */
export interface Evidence {
  /** The handshake was good at least once. */
  readonly handshaken: boolean;
  /** Pieces that failed their hash; each was sent by this peer alone. */
  readonly failed: number;
  /** It refused, while we were unchoked, a piece that it claims; or kept silent on one as `isMissing` in silence.ts wants it. */
  readonly missing: boolean;
  /** Pieces that passed. */
  readonly passed: number;
  /** A piece that it claims stayed silent and has not come since, or it failed on an earlier visit: no proof against it, but none for it either. */
  readonly silent: boolean;
  /** It shows all pieces. */
  readonly claimsAll: boolean;
  /** We wanted something of it for long enough to say that it would have unchoked us. */
  readonly soughtLong: boolean;
  readonly unchoked: boolean;
  /** It reveals pieces one by one (BEP 16). */
  readonly superSeeder: boolean;
  /** It said what it has. */
  readonly said: boolean;
  readonly uploadOnly: boolean;
  /** It wants pieces of us, or did. */
  readonly interested: boolean;
}

/** The one verdict. */
export function judge(evidence: Evidence): Verdict {
  if (evidence.failed > 0) return 'liar_corrupt';
  if (evidence.missing) return 'liar_missing';
  if (evidence.claimsAll) {
    if (evidence.passed > 0 && !evidence.silent) return 'proved';
    return evidence.soughtLong && !evidence.unchoked ? 'choked' : 'claimed';
  }
  if (evidence.superSeeder) return 'super_seeder';
  if (evidence.said) return evidence.uploadOnly && !evidence.interested ? 'partial_seed' : 'leecher';
  return evidence.handshaken ? 'unknown' : 'unreachable';
}

/** Whether the peers of this verdict count as having what they show. */
export function isBelieved(verdict: Verdict): boolean {
  return verdict !== 'liar_corrupt' && verdict !== 'liar_missing' && verdict !== 'unreachable';
}
