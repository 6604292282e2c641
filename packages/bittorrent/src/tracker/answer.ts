// What trackers are asked and what they answer, whatever the protocol (BEP 3, 15, 21, 31, 48). Their figures are claims.
import type { Endpoint } from '../machine.ts';

export type AnnounceEvent = 'none' | 'started' | 'completed' | 'stopped';

export interface AnnounceRequest {
  /** 20 bytes: the v1 infohash, or the v2 one cut. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Where we listen. */
  readonly port: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Before the size is known: any number above 0, or we would count as a seeder. */
  readonly leftBytes: number;
  readonly event: AnnounceEvent;
  /** How many endpoints we want; 0: none. */
  readonly wanted: number;
  /** 32 bits that are the same in all our announces: how a tracker knows us when our address changes. */
  readonly key: number;
}

/** Counts are undefined where the tracker does not say them (or says nonsense): missing is not zero. */
export interface AnnounceAnswer {
  readonly kind: 'announce';
  readonly intervalS: number | undefined;
  readonly minIntervalS: number | undefined;
  readonly seeders: number | undefined;
  readonly leechers: number | undefined;
  readonly downloaded: number | undefined;
  /** Without port 0 and without host names. */
  readonly peers: readonly Endpoint[];
  /** To be sent back with the next announce. */
  readonly trackerId: Uint8Array | undefined;
  readonly warning: string | undefined;
}

export interface ScrapeCounts {
  readonly seeders: number | undefined;
  /** Partial seeds included. */
  readonly leechers: number | undefined;
  readonly downloaded: number | undefined;
  /** Leechers that still load (BEP 21). */
  readonly downloaders: number | undefined;
}

export interface ScrapeAnswer {
  readonly kind: 'scrape';
  /** In the order of the infohashes that were asked for; undefined: the tracker does not know it. */
  readonly counts: readonly (ScrapeCounts | undefined)[];
  readonly minIntervalS: number | undefined;
}

/** The tracker's own "no". The text may repeat what it was asked (a passkey): it is shown to the operator, never logged or stored. */
export interface TrackerRefusal {
  readonly kind: 'refused';
  readonly text: string;
  /** When to ask again (BEP 31); Infinity: never. */
  readonly retryInS: number | undefined;
}

const TEXT_CHARACTERS = 256;
const COUNT_MAX = 0xffffffff;

/** A tracker's words: one line of UTF-8, cut. */
export function trackerText(bytes: Uint8Array): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  const line = new TextDecoder().decode(bytes.subarray(0, 4 * TEXT_CHARACTERS)).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return line.trim().slice(0, TEXT_CHARACTERS).toWellFormed();
}

/** A count as trackers say it, of 32 bits; anything else is not known. */
export function trackerCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= COUNT_MAX ? value : undefined;
}
