// The kinds of peers in the lab's swarms, as data: what each shows, what it really does, and which verdicts an honest census may reach on it.

/** The verdicts that a census may reach, in their order of precedence: the lab's own copy, since it is the witness. */
export const VERDICTS = [
  'liar_corrupt',
  'liar_missing',
  'proved',
  'choked',
  'claimed',
  'super_seeder',
  'partial_seed',
  'leecher',
  'unknown',
  'unreachable',
] as const;
export type Verdict = (typeof VERDICTS)[number];

export const PEER_KINDS = [
  'seeder',
  'leecher',
  'progressing',
  'partial_seed',
  'super_seeder',
  'liar_rejects',
  'liar_silent',
  'liar_corrupt',
  'choker',
  'mute',
  'encrypted_only',
  'tarpit',
  'wrong_infohash',
  'dead',
  'hostile',
] as const;
export type PeerKind = (typeof PEER_KINDS)[number];

export interface PeerKindRule {
  /** Shows every piece, whatever it has. */
  readonly claimsAll: boolean;
  /** Says `upload_only` (BEP 21). */
  readonly uploadOnly: boolean;
  /** Unchokes who is interested. */
  readonly unchokes: boolean;
  /** It really has what it has: it belongs to the copies of the swarm. */
  readonly serves: boolean;
  /** Whoever asks long enough sees and gets all that it has: what counts as surely there. */
  readonly open: boolean;
  /** The verdict while it is incomplete, and once it has everything; more than one where evidence may not suffice. */
  readonly incomplete: readonly Verdict[];
  readonly complete: readonly Verdict[];
}

const honest = { claimsAll: false, uploadOnly: false, unchokes: true, serves: true, open: true } as const;
const liar = { claimsAll: true, uploadOnly: false, unchokes: true, serves: true, open: false } as const;
const absent: PeerKindRule = {
  claimsAll: false,
  uploadOnly: false,
  unchokes: false,
  serves: false,
  open: false,
  incomplete: ['unreachable'],
  complete: ['unreachable'],
};

export const KIND_RULES: Readonly<Record<PeerKind, PeerKindRule>> = {
  seeder: { ...honest, claimsAll: true, incomplete: [], complete: ['proved'] },
  leecher: { ...honest, incomplete: ['leecher'], complete: ['proved'] },
  progressing: { ...honest, incomplete: ['leecher'], complete: ['proved'] },
  partial_seed: { ...honest, uploadOnly: true, incomplete: ['partial_seed'], complete: ['proved'] },
  super_seeder: { ...honest, open: false, incomplete: [], complete: ['super_seeder'] },
  liar_rejects: { ...liar, incomplete: ['liar_missing'], complete: [] },
  /** Silence alone is no proof: it may stay `claimed`. */
  liar_silent: { ...liar, incomplete: ['liar_missing', 'claimed'], complete: [] },
  liar_corrupt: { ...liar, incomplete: ['liar_corrupt'], complete: [] },
  choker: { ...honest, claimsAll: true, unchokes: false, open: false, incomplete: [], complete: ['choked'] },
  mute: { ...absent, incomplete: ['unknown'], complete: ['unknown'] },
  encrypted_only: absent,
  tarpit: absent,
  wrong_infohash: absent,
  dead: absent,
  /** It attacks (hostile.ts): whatever is said of it, it is never proved. */
  hostile: {
    ...absent,
    incomplete: ['unreachable', 'unknown', 'leecher', 'choked', 'claimed'],
    complete: ['unreachable', 'unknown', 'leecher', 'choked', 'claimed'],
  },
};
