// Tracker answers as BEP 3, 7, 15, 21, 23, 31 and 48 lay them out and as trackers send them: what they mean, or why they are refused.
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';

export interface HttpVector {
  readonly name: string;
  readonly of: 'announce' | 'scrape';
  /** Latin-1 text. */
  readonly body: string;
  readonly means?: Record<string, unknown>;
  readonly refused?: MalformedReason;
}

export const HASH = 'aaaaaaaaaaaaaaaaaaaa';
export const OTHER_HASH = 'bbbbbbbbbbbbbbbbbbbb';
const PEER = '\x01\x02\x03\x04\x1a\xe1';
const PEER6 = `\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01\x1a\xe1`;
const FOUR = { address: '1.2.3.4', port: 6881 };
const SIX = { address: '2001:db8::1', port: 6881 };

export const HTTP_VECTORS: readonly HttpVector[] = [
  {
    name: 'compact (BEP 23)',
    of: 'announce',
    body: `d8:completei5e10:incompletei7e8:intervali1800e12:min intervali900e5:peers12:${PEER}${PEER}e`,
    means: {
      kind: 'announce',
      intervalS: 1_800,
      minIntervalS: 900,
      seeders: 5,
      leechers: 7,
      peers: [FOUR, FOUR],
      warning: undefined,
    },
  },
  {
    name: 'peers of both families (BEP 7)',
    of: 'announce',
    body: `d8:intervali60e5:peers6:${PEER}6:peers618:${PEER6}e`,
    means: { peers: [FOUR, SIX], seeders: undefined },
  },
  {
    name: 'a list of dictionaries (BEP 3)',
    of: 'announce',
    body: `d8:intervali60e5:peersld2:ip7:1.2.3.47:peer id20:${HASH}4:porti6881eed2:ip11:2001:db8::14:porti6881eed2:ip8:a.b.test4:porti1eed2:ip7:1.2.3.44:porti0eeee`,
    means: { peers: [FOUR, SIX] },
  },
  { name: 'port 0 is no peer', of: 'announce', body: 'd8:intervali60e5:peers6:\x01\x02\x03\x04\0\0e', means: { peers: [] } },
  { name: 'no peers at all', of: 'announce', body: 'd8:intervali60ee', means: { intervalS: 60, peers: [] } },
  {
    name: 'a warning, a tracker id and a line feed behind',
    of: 'announce',
    body: 'd8:intervali60e5:peers0:10:tracker id3:xyz15:warning message9:slow\ndowne\n',
    means: { warning: 'slow down', trackerId: new TextEncoder().encode('xyz') },
  },
  {
    name: 'counts below zero are not known',
    of: 'announce',
    body: 'd8:completei-1e8:intervali-5e5:peers0:e',
    means: { seeders: undefined, intervalS: undefined },
  },
  {
    name: 'a count of 2^40 is not known',
    of: 'announce',
    body: 'd8:completei1099511627776e5:peers0:e',
    means: { seeders: undefined },
  },
  {
    name: 'failure',
    of: 'announce',
    body: 'd14:failure reason9:not todaye',
    means: { kind: 'refused', text: 'not today', retryInS: undefined },
  },
  {
    name: 'failure, ask again in 5 minutes (BEP 31)',
    of: 'announce',
    body: 'd14:failure reason0:8:retry ini5ee',
    means: { text: '', retryInS: 300 },
  },
  { name: 'failure, minutes as text', of: 'announce', body: 'd14:failure reason1:x8:retry in1:5e', means: { retryInS: 300 } },
  {
    name: 'failure for ever',
    of: 'announce',
    body: 'd14:failure reason1:x8:retry in5:nevere',
    means: { retryInS: Number.POSITIVE_INFINITY },
  },
  { name: 'a failure that is no text', of: 'announce', body: 'd14:failure reasoni1ee', means: { kind: 'refused', text: '' } },
  { name: 'nothing', of: 'announce', body: '', refused: 'truncated' },
  { name: 'a page', of: 'announce', body: '<html>', refused: 'bad_type' },
  { name: 'an empty dictionary', of: 'announce', body: 'de', refused: 'missing_field' },
  { name: 'a list', of: 'announce', body: 'le', refused: 'bad_type' },
  { name: 'the length below zero', of: 'announce', body: 'd-3:e', refused: 'bad_key' },
  { name: 'a compact endpoint cut short', of: 'announce', body: 'd5:peers5:aaaaae', refused: 'bad_length' },
  { name: 'peers6 cut short', of: 'announce', body: 'd6:peers66:aaaaaae', refused: 'bad_length' },
  { name: 'peers as a number', of: 'announce', body: 'd5:peersi3ee', refused: 'bad_type' },
  { name: 'a list of numbers', of: 'announce', body: 'd5:peersli3eee', refused: 'bad_type' },
  { name: 'a peer without address', of: 'announce', body: 'd5:peersld4:porti1eeee', refused: 'missing_field' },
  { name: 'too deep', of: 'announce', body: `d5:peers${'l'.repeat(50)}${'e'.repeat(50)}e`, refused: 'too_deep' },
  {
    name: 'scrape (BEP 48) with downloaders (BEP 21)',
    of: 'scrape',
    body: `d5:filesd20:${HASH}d8:completei5e10:downloadedi50e11:downloadersi3e10:incompletei10eee5:flagsd20:min_request_intervali3600eee`,
    means: {
      kind: 'scrape',
      counts: [{ seeders: 5, leechers: 10, downloaded: 50, downloaders: 3 }, undefined],
      minIntervalS: 3_600,
    },
  },
  {
    name: 'scrape that leaves counts out, and says more than was asked',
    of: 'scrape',
    body: `d5:filesd20:${'c'.repeat(20)}d8:completei5ee20:${OTHER_HASH}d8:completei1eeee`,
    means: { counts: [undefined, { seeders: 1, leechers: undefined, downloaded: undefined, downloaders: undefined }] },
  },
  { name: 'scrape that knows none', of: 'scrape', body: 'd5:filesdee', means: { counts: [undefined, undefined] } },
  { name: 'scrape refused', of: 'scrape', body: 'd14:failure reason1:xe', means: { kind: 'refused', text: 'x' } },
  { name: 'scrape without files', of: 'scrape', body: 'de', refused: 'missing_field' },
  { name: 'scrape with a list of files', of: 'scrape', body: 'd5:fileslee', refused: 'bad_type' },
  { name: 'scrape cut off', of: 'scrape', body: 'd5:filesd', refused: 'truncated' },
];

/** Announce URL of a tracker, and the scrape URL that follows from it (the examples of BEP 48 among them). */
export const SCRAPE_URLS: readonly (readonly [string, string | undefined])[] = [
  ['http://example.com/announce', 'http://example.com/scrape'],
  ['http://example.com/x/announce', 'http://example.com/x/scrape'],
  ['http://example.com/announce.php', 'http://example.com/scrape.php'],
  ['http://example.com/a', undefined],
  ['http://example.com/announce?x2%0644', 'http://example.com/scrape?x2%0644'],
  ['http://example.com/announce?x=2/4', undefined],
  ['http://example.com/x%064announce', undefined],
  ['http://example.com/passkey/announce', 'http://example.com/passkey/scrape'],
];

export interface UdpVector {
  readonly name: string;
  readonly asked: 'connect' | 'announce' | 'scrape';
  readonly family?: 4 | 6;
  readonly hex: string;
  readonly means?: Record<string, unknown>;
  readonly refused?: MalformedReason;
}

const T = '12345678';

export const UDP_VECTORS: readonly UdpVector[] = [
  {
    name: 'connect',
    asked: 'connect',
    hex: `00000000${T}0102030405060708`,
    means: { kind: 'connected', connection: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  },
  {
    name: 'a longer connect',
    asked: 'connect',
    hex: `00000000${T}0102030405060708ffff`,
    means: { connection: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  },
  {
    name: 'announce',
    asked: 'announce',
    hex: `00000001${T}000007080000000700000005010203041ae1010203040000`,
    means: { kind: 'announce', intervalS: 1_800, leechers: 7, seeders: 5, peers: [FOUR] },
  },
  {
    name: 'announce over IPv6, a rest passed over',
    asked: 'announce',
    family: 6,
    hex: `00000001${T}00000708000000070000000520010db80000000000000000000000011ae1ffff`,
    means: { peers: [SIX] },
  },
  {
    name: 'scrape of two, answered for one',
    asked: 'scrape',
    hex: `00000002${T}000000050000003200000007`,
    means: { kind: 'scrape', counts: [{ seeders: 5, downloaded: 50, leechers: 7, downloaders: undefined }, undefined] },
  },
  { name: 'refusal', asked: 'announce', hex: `00000003${T}6e6f00`, means: { kind: 'refused', text: 'no' } },
  { name: 'refusal without a word', asked: 'scrape', hex: `00000003${T}`, means: { kind: 'refused', text: '' } },
  { name: 'nothing', asked: 'connect', hex: '', refused: 'truncated' },
  { name: 'half a connect', asked: 'connect', hex: `00000000${T}01020304`, refused: 'truncated' },
  { name: 'half an announce', asked: 'announce', hex: `00000001${T}00000708`, refused: 'truncated' },
  {
    name: 'the answer to something else',
    asked: 'announce',
    hex: `00000002${T}000000050000003200000007`,
    refused: 'unknown_message',
  },
  { name: 'an unknown action', asked: 'announce', hex: `00000009${T}00000000`, refused: 'unknown_message' },
];
