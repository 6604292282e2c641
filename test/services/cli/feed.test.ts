// Feeds of strangers: what names a torrent is found in RSS, Atom and JSON as they occur; anything else is a sentence, never a crash.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ITEMS_MAX, readFeed, UnreadableFeed } from '../../../services/cli/src/feed.ts';

const BASE = 'https://archive.example/feeds/all.xml';
const HASH = '2c6b6858d61da9543d4231a71db4b1c9264b0685';
const MAGNET = `magnet:?xt=urn:btih:${HASH}&dn=x`;
const torrents = (text: string) => readFeed(text, BASE).items.map(({ torrent }) => torrent);
const rss = (item: string) =>
  `<?xml version="1.0"?><rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/"><channel><title>All</title>${item}</channel></rss>`;

describe('RSS and Atom', () => {
  test.each([
    [
      'an enclosure of the type',
      `<enclosure url="https://a.example/get?id=7" type="application/x-bittorrent" length="1"/>`,
      'https://a.example/get?id=7',
    ],
    ['an enclosure by its end, relative', `<enclosure url="../files/one.torrent"/>`, 'https://archive.example/files/one.torrent'],
    ['a link that is a file', '<link>https://a.example/x.torrent</link>', 'https://a.example/x.torrent'],
    [
      'a magnet before everything',
      `<enclosure url="https://a.example/x.torrent"/><link>${MAGNET.replaceAll('&', '&amp;')}</link>`,
      MAGNET,
    ],
    ['the namespace of torrents', `<torrent:magnetURI><![CDATA[${MAGNET}]]></torrent:magnetURI>`, MAGNET],
    ['its infohash', `<link>https://a.example/page</link><torrent:infoHash>${HASH}</torrent:infoHash>`, HASH],
    ['a guid that is one', `<guid isPermaLink="false">${HASH}</guid>`, HASH],
  ])('%s', (_what, item, torrent) => {
    expect(torrents(rss(`<item><title>One</title>${item}</item>`))).toEqual([torrent]);
  });

  test('names, order, and how many entries name nothing', () => {
    const items = `<item><title> One &amp; only </title><link>${MAGNET.replaceAll('&', '&amp;')}</link></item><item><link>https://a.example/page</link></item><item><guid>${HASH}</guid></item>`;
    expect(readFeed(rss(items), BASE)).toEqual({
      items: [
        { torrent: MAGNET, name: 'One & only', labels: {} },
        { torrent: HASH, name: undefined, labels: {} },
      ],
      without: 1,
    });
  });

  test('Atom', () => {
    const entry =
      '<entry><title>A</title><link href="https://a.example/page"/><link rel="enclosure" href="/t/a.torrent"/></entry>';
    expect(torrents(`<feed xmlns="http://www.w3.org/2005/Atom">${entry}</feed>`)).toEqual([
      'https://archive.example/t/a.torrent',
    ]);
  });

  test('other schemes than http are nothing: no file of ours, nothing that runs', () => {
    for (const url of [
      'file:///etc/passwd.torrent',
      'ftp://a.example/x.torrent',
      'javascript:alert(1)//x.torrent',
      'data:,x.torrent',
    ])
      expect(readFeed(rss(`<item><link>${url}</link></item>`), BASE)).toEqual({ items: [], without: 1 });
  });
});

describe('JSON', () => {
  test('texts and objects, a list or one in an object', () => {
    const list = [
      MAGNET,
      'https://a.example/download/5',
      { info_hash: HASH, name: 'Named', labels: { year: 2026 } },
      { url: 'https://a.example/b.torrent', title: 'Titled' },
      { url: 'https://a.example/page' },
      5,
      { labels: [] },
    ];
    const expected = {
      items: [
        { torrent: MAGNET, name: undefined, labels: {} },
        { torrent: 'https://a.example/download/5', name: undefined, labels: {} },
        { torrent: HASH, name: 'Named', labels: { year: '2026' } },
        { torrent: 'https://a.example/b.torrent', name: 'Titled', labels: {} },
      ],
      without: 3,
    };
    expect(readFeed(JSON.stringify(list), BASE)).toEqual(expected);
    expect(readFeed(`\uFEFF${JSON.stringify({ torrents: list })}`, BASE)).toEqual(expected);
  });

  test('a file has no address that others are relative to', () => {
    const { items, without } = readFeed(JSON.stringify(['x.torrent', HASH]), undefined);
    expect([items.map(({ torrent }) => torrent), without]).toEqual([[HASH], 1]);
  });
});

describe('what is no feed', () => {
  test.each([
    ['', /neither XML nor JSON/],
    ['hello', /neither XML nor JSON/],
    ['{}', /no list/],
    ['null', /no list/],
    ['<rss', /is no XML/],
    ['<!doctype html><html><body><br></body></html>', /is no XML/],
    ['<rss>&unknown;</rss>', /is no XML/],
    // Depths at which the parser still manages and the text of the title does not, or neither; it may be read, but not end in an error of the engine.
    ...[7_000, 9_000, 100_000].map((depth): [string, RegExp] => [
      `<rss><item><title>${'<a>'.repeat(depth)}x${'</a>'.repeat(depth)}</title></item></rss>`,
      /deeply/,
    ]),
    [`${'<a>'.repeat(100_000)}`, /is no XML|nested too deeply/],
    ['<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item><title>&b;</title></item></rss>', /is no XML/],
  ])('%.40j', (text, why) => {
    let said = 'nothing';
    try {
      readFeed(text, BASE);
    } catch (error) {
      if (!(error instanceof UnreadableFeed)) throw error;
      said = error.message;
    }
    expect(said).toMatch(why);
    expect(said).not.toContain('\n');
  });

  test('an element with more children than a call may have arguments', () => {
    expect(torrents(`<rss>${'<a/>'.repeat(200_000)}<item><link>${HASH}</link></item></rss>`)).toEqual([HASH]);
  });

  test('what lies beyond the entries that are read is not said to name no torrent', () => {
    const { items, without } = readFeed(rss(`<item><link>${HASH}</link></item>`.repeat(ITEMS_MAX + 5)), BASE);
    expect([items.length, without]).toEqual([ITEMS_MAX, 0]);
  });

  test('mutated feeds are read or refused, and items stay absolute', () => {
    const good = rss(`<item><title>One</title><enclosure url="/a.torrent"/></item><item><link>${HASH}</link></item>`);
    const mutation = fc.tuple(fc.nat({ max: good.length }), fc.nat({ max: 20 }), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const text = mutations.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), good);
        try {
          for (const item of readFeed(text, BASE).items) expect(item.torrent).toMatch(/^(https?:\/\/|magnet:|[0-9a-z]{32,64}$)/i);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableFeed);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
