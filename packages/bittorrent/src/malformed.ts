// Hostile bytes are values: every decoder returns T or one of these, never throws. The reason is a metric label, so the set is closed.

export const MALFORMED_REASONS = [
  'truncated',
  'trailing_bytes',
  'too_deep',
  'too_many_items',
  'too_long',
  'bad_integer',
  'bad_length',
  'bad_key',
  'duplicate_key',
  'unsorted_keys',
  'bad_type',
  'missing_field',
  'bad_field',
  'unknown_message',
  'out_of_range',
  'bad_hash',
] as const;
export type MalformedReason = (typeof MALFORMED_REASONS)[number];

/** A rejected input: why, and at which byte offset the decoder gave up (0 where an offset means nothing). */
export class Malformed {
  readonly reason: MalformedReason;
  readonly offset: number;
  constructor(reason: MalformedReason, offset = 0) {
    this.reason = reason;
    this.offset = offset;
  }
}
