// What a node is found to be, from what it did: verdicts by evidence, with thresholds that honest nodes do not reach.
import { MAX_INTERVAL_S } from '@swarmscope/bittorrent/krpc/message.ts';
import type { NodeVerdict } from '@swarmscope/events/enums.ts';
import type { CrawlNode } from './nodes.ts';
import { FAILED_CHECKS, isSilent, type Patience } from './visits.ts';

// id_mismatch   two answers in a row under ids other than asked for: once is hearsay gone stale
// sybil         twice named four or more nodes at its own host
// fake_peers    has peers for a random infohash
// fake_samples  knows nothing of two infohashes that it gave as samples
// fake_nodes    of its contacts that were settled most are wrong: another id lives there, or nobody may live there (a bogon)
// malformed     breaks the protocol: no KRPC twice, answers to nothing, an interval that BEP 51 does not know, a flood of queries
// silent        unanswered twice in a row, four times if it has answered before; once more of each where packets get lost (line.ts)

/** Contacts found wrong before their namer is judged: one answer's worth is bad luck. */
const WRONG_CONTACTS = 8;
const CROWDS = 2;
const UNASKED = 4;

/** The verdict that the evidence allows now; undefined while there is none. */
export function judge(node: CrawlNode, patience?: Patience): NodeVerdict | undefined {
  if (node.mismatches >= 2) return 'id_mismatch';
  if (node.crowds >= CROWDS) return 'sybil';
  if (node.inventsPeers) return 'fake_peers';
  if (node.checks >= FAILED_CHECKS && node.failedChecks >= FAILED_CHECKS) return 'fake_samples';
  if (node.wrong >= WRONG_CONTACTS && node.wrong > 2 * node.right) return 'fake_nodes';
  if (breaksProtocol(node)) return 'malformed';
  if (isSilent(node, patience)) return 'silent';
  return node.met ? 'ok' : undefined;
}

function breaksProtocol(node: CrawlNode): boolean {
  if (node.flooding || node.intervalS < -1 || node.intervalS > MAX_INTERVAL_S) return true;
  if (node.malformed >= 2 && node.malformed * 3 > node.answers) return true;
  // An answer that comes after our patience ended is an answer to nothing as well: as many are forgiven as stayed unanswered.
  return node.unasked >= UNASKED && node.unasked > 2 * node.timeouts && node.unasked * 2 > node.answers;
}

/** Nothing that it says is used any more. */
export function isCondemned(node: CrawlNode): boolean {
  return node.verdict !== undefined && node.verdict !== 'ok' && node.verdict !== 'silent';
}
