// HTTP trackers: bodies against their vectors, URLs byte by byte, and the lab's tracker as the other side.
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import type { AnnounceRequest } from '@swarmscope/bittorrent/tracker/answer.ts';
import { announceUrl, decodeAnnounce, decodeScrape, percentEncode, scrapeUrl } from '@swarmscope/bittorrent/tracker/http.ts';
import { LabTracker } from '@swarmscope/lab/sim/tracker.ts';
import { describe, expect, test } from 'vitest';
import { HASH, HTTP_VECTORS, type HttpVector, OTHER_HASH, SCRAPE_URLS } from '../../../vectors/tracker.ts';

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const HASHES = [HASH, OTHER_HASH].map(bytesOf);
const decode = (vector: HttpVector, body = bytesOf(vector.body)) =>
  vector.of === 'announce' ? decodeAnnounce(body) : decodeScrape(body, HASHES);

const REQUEST: AnnounceRequest = {
  infoHash: bytesOf('\x12\x34\x56\x78\x9a\xbc\xde\xf1\x23\x45\x67\x89\xab\xcd\xef\x12\x34\x56\x78\x9a'),
  peerId: bytesOf('-SW0100-abcdefghijkl'),
  port: 6881,
  uploadedBytes: 0,
  downloadedBytes: 2 ** 40,
  leftBytes: 16_384,
  event: 'started',
  wanted: 200,
  key: 0xabcdef,
};

describe('bodies', () => {
  test.each(HTTP_VECTORS)('$of: $name', (vector) => {
    const result = decode(vector);
    if (vector.refused) expect(result).toMatchObject({ reason: vector.refused });
    else expect(result).toMatchObject(vector.means!);
  });

  test('every truncation is refused', () => {
    for (const vector of HTTP_VECTORS.filter((each) => each.means && each.body.endsWith('e'))) {
      const body = bytesOf(vector.body);
      for (let length = 0; length < body.length; length++)
        expect(decode(vector, body.subarray(0, length)), vector.name).toBeInstanceOf(Malformed);
    }
  });

  test('a body longer than any is refused', () => {
    expect(decodeAnnounce(new Uint8Array(2 * 1024 * 1024))).toMatchObject({ reason: 'too_long' });
  });

  test('words are cut to one line', () => {
    const text = `x\u0000\u001b[2J${'y'.repeat(5_000)}`;
    const result = decodeAnnounce(bytesOf(`d14:failure reason${text.length}:${text}e`));
    expect(result).toMatchObject({ kind: 'refused', text: expect.stringMatching(/^x \[2Jy{251}$/) });
  });
});

describe('URLs', () => {
  test('raw bytes are percent-encoded one by one (the example of BEP 3 readers)', () => {
    expect(percentEncode(REQUEST.infoHash)).toBe('%124Vx%9a%bc%de%f1%23Eg%89%ab%cd%ef%124Vx%9a');
    expect(percentEncode(bytesOf(' +&=/%~'))).toBe('%20%2b%26%3d%2f%25~');
  });

  test('of an announce', () => {
    const query =
      'info_hash=%124Vx%9a%bc%de%f1%23Eg%89%ab%cd%ef%124Vx%9a&peer_id=-SW0100-abcdefghijkl&port=6881&uploaded=0' +
      '&downloaded=1099511627776&left=16384&compact=1&no_peer_id=1&numwant=200&key=00abcdef&event=started';
    expect(announceUrl('http://t/announce', REQUEST)).toBe(`http://t/announce?${query}`);
    expect(announceUrl('http://t/a?passkey=1#x', REQUEST)).toBe(`http://t/a?passkey=1&${query}`);
    expect(announceUrl('http://t/a?', REQUEST)).toBe(`http://t/a?${query}`);
    expect(announceUrl('http://t/a', { ...REQUEST, event: 'none' }, bytesOf('a b'))).toMatch(/key=00abcdef&trackerid=a%20b$/);
  });

  test('survive the URL parser of the shell unchanged', () => {
    const url = announceUrl('http://tracker.example/announce', REQUEST);
    expect(new URL(url).href).toBe(url);
  });

  test.each(SCRAPE_URLS)('scrape of %s', (tracker, scrape) => {
    const joint = scrape?.includes('?') ? '&' : '?';
    const expected = scrape && `${scrape}${joint}info_hash=${HASH}&info_hash=${OTHER_HASH}`;
    expect(scrapeUrl(tracker, HASHES)).toBe(expected);
  });
});

describe("the lab's tracker", () => {
  const from = { address: '127.0.0.9', port: 40_000 };
  const seeder = { endpoint: { address: '127.0.0.2', port: 6881 }, isComplete: () => true };
  const leecher = { endpoint: { address: '::1', port: 6882 }, isComplete: () => false };
  const tracker = new LabTracker();
  const infoHash = sha1(bytesOf('public'));
  const secret = sha1(bytesOf('private'));
  tracker.register(infoHash, [seeder, leecher]);
  tracker.register(secret, [seeder], 'k1');
  const get = (url: string) => tracker.answerHttp(url.slice('http://t'.length), from, 0).body;

  test('answers an announce', () => {
    const answer = decodeAnnounce(get(announceUrl('http://t/announce', { ...REQUEST, infoHash })));
    expect(answer).toMatchObject({ kind: 'announce', seeders: 1, leechers: 2, peers: [seeder.endpoint, leecher.endpoint] });
  });

  test('answers a scrape, and does not know others', () => {
    const hashes = [infoHash, sha1(bytesOf('other'))];
    const answer = decodeScrape(get(scrapeUrl('http://t/announce', hashes)!), hashes);
    expect(answer).toMatchObject({ counts: [{ seeders: 1, leechers: 2 }, undefined] });
  });

  test('wants the passkey of its URL', () => {
    const request = { ...REQUEST, infoHash: secret };
    expect(decodeAnnounce(get(announceUrl('http://t/announce', request)))).toMatchObject({ kind: 'refused' });
    expect(decodeAnnounce(get(announceUrl('http://t/k1/announce', request)))).toMatchObject({ kind: 'announce', seeders: 1 });
  });
});
