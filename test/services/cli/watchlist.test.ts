// The watch list: what entries mean, every fault as one sentence with its line, what is published and what stays, edits that keep comments.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Failure } from '@swarmscope/cli/failure.ts';
import { differences, loadWatchlist, parseWatchlist, readText, watchedState } from '@swarmscope/cli/watchlist.ts';
import { addEntry, removeEntry } from '@swarmscope/cli/watchlist-edit.ts';
import { syncWatchlist } from '@swarmscope/cli/watchlist-sync.ts';
import { type Event, type EventOf, makeEvent, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

const V1 = '2c6b6858d61da9543d4231a71db4b1c9264b0685';
const V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';
const MAGNET = `magnet:?xt=urn:btih:${V1}&dn=A%20name&tr=http%3A%2F%2Ft.example%2FPASSKEY%2Fannounce`;
const STAMP = { ts: 1_700_000_000_000, instance_id: 'test', network: 'lab' };

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-watchlist-'));
const path = join(directory, 'watchlist.yaml');
const hybrid = new Content({
  name: 'hybrid torrent',
  seed: 3,
  pieceBytes: 16_384,
  version: 'hybrid',
  files: [{ path: 'hybrid torrent', bytes: 20_000 }],
  trackers: ['http://t.example/PASSKEY/announce'],
});
beforeEach(() => writeFileSync(join(directory, 'hybrid.torrent'), hybrid.torrentFile));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const parse = (text: string) => parseWatchlist(text, path);

function fault(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.message.replaceAll(directory, '');
    throw error;
  }
  return 'no fault';
}

describe('entries', () => {
  test('a magnet, with everything that can be said of it', () => {
    const { entries } = parse(`
torrents:
  - torrent: ${MAGNET}
    name: Shown
    labels: {project: x, year: 2026, on: true}
    objectives: {min_proved_seeders: 3}
    outside_prefixes: [203.0.113.0/24, '2001:DB8::/32']
    trackers: [udp://mine.example:80]
    verify: false
    maintenance:
      - {from: 2026-12-01T22:00:00Z, until: 2026-12-02T04:00:00+02:00}
maintenance:
  - from: "2026-12-24T00:00:00Z"
    until: "2026-12-25T00:00:00Z"
`);
    expect(entries).toHaveLength(1);
    expect(entries[0]!.watched).toEqual({
      swarm_id: V1,
      info_hash: V1,
      info_hash_v2: null,
      name: 'Shown',
      set: 1,
      labels: { project: 'x', year: '2026', on: 'true' },
      objectives: { min_proved_seeders: 3 },
      verify: 0,
      announce: 1,
      prefixes_excluded: ['203.0.113.0/24', '2001:db8::/32'],
      maintenance: [
        { begins_s: Date.UTC(2026, 11, 24) / 1_000, ends_s: Date.UTC(2026, 11, 25) / 1_000 },
        { begins_s: Date.UTC(2026, 11, 1, 22) / 1_000, ends_s: Date.UTC(2026, 11, 2, 2) / 1_000 },
      ],
    });
    expect(entries[0]!.source.trackers).toEqual(['udp://mine.example:80', 'http://t.example/PASSKEY/announce']);
    expect(entries[0]!.namedTrackers).toEqual(['udp://mine.example:80']);
  });

  test('an infohash of either kind, also one that YAML takes for a number', () => {
    const digits = '1234567890123456789012345678901234567890';
    const { entries } = parse(`torrents:\n  - torrent: ${digits}\n  - torrent: ${V2}\n  - {torrent: ${V1.toUpperCase()}}\n`);
    expect(entries.map(({ watched }) => [watched.swarm_id, watched.info_hash_v2, watched.name])).toEqual([
      [digits, null, null],
      [V2.slice(0, 40), V2, null],
      [V1, null, null],
    ]);
  });

  test('a file beside the list: both hashes, its name, its bytes', () => {
    const { entries } = parse('torrents:\n  - torrent: hybrid.torrent\n');
    const [entry] = entries;
    expect(entry!.watched).toMatchObject({
      swarm_id: Buffer.from(hybrid.infoHashV1!).toString('hex'),
      info_hash_v2: Buffer.from(hybrid.infoHashV2!).toString('hex'),
      name: 'hybrid torrent',
    });
    expect(Buffer.from(entry!.source.metainfo!).equals(hybrid.torrentFile)).toBe(true);
  });

  test('what stands above holds for all', () => {
    const list = parse(`verify: all\nannounce: none\noutside_prefixes: [198.51.100.0/24]\ntorrents: [{torrent: ${V1}}]`);
    expect(list).toMatchObject({ verify: 'all', announce: 'none' });
    expect(list.entries[0]!.watched).toMatchObject({ verify: 1, announce: 0, prefixes_excluded: ['198.51.100.0/24'] });
  });

  test.each(['', '# nothing yet\n', 'torrents:\n', 'torrents: []\n', '{}'])('%j is an empty list', (text) => {
    expect(parse(text)).toEqual({ entries: [], verify: 'watched', announce: 'watched' });
  });

  test('a list that is not there is empty; the example can be read up to the file that it names', () => {
    expect(loadWatchlist(join(directory, 'none.yaml')).entries).toEqual([]);
    const example = readFileSync(join(import.meta.dirname, '../../../watchlist.example.yaml'), 'utf8');
    expect(parse(example.replace('torrents/installer-13.1-amd64.iso.torrent', 'hybrid.torrent')).entries).toHaveLength(3);
  });

  test('its events are events', () => {
    const { entries } = parse(`torrents: [{torrent: ${V1}}, {torrent: hybrid.torrent}]`);
    for (const { watched } of entries) {
      const event = parseEvent('torrent_watched', makeEvent('torrent_watched', watched, STAMP));
      expect(event).not.toBeInstanceOf(Rejection);
    }
  });

  test('no passkey is in what is published', () => {
    const { entries } = parse(`torrents: [{torrent: '${MAGNET}'}, {torrent: hybrid.torrent}]`);
    expect(JSON.stringify(entries.map(({ watched }) => watched))).not.toMatch(/PASSKEY|t\.example/);
    expect(JSON.stringify(entries.map(({ source }) => source.trackers))).toMatch(/PASSKEY/);
  });
});

describe('faults are one sentence with the line', () => {
  test.each([
    ['- a', /^\/watchlist\.yaml:1: a watch list is written as "torrents:"/],
    ['torrents: 5', /:1: "torrents" is a list/],
    ['torrents:\n  - 5', /:2: entry 1 is no entry/],
    ['torrents:\n  - name: x', /:2: "torrent" is missing/],
    ['torrents:\n  - torrent: [1]', /:2: "torrent" is missing: a magnet link/],
    [`torrents:\n  - torrent: ${V1}\n    naem: x`, /:3: "naem" is not known here; there are torrent, name, labels/],
    ['torrents: []\ntorrnts: []', /:2: "torrnts" is not known here; there are verify, announce/],
    ['torrents: []\nverify: yes', /:2: "verify" is watched, all or none/],
    ['torrents: []\ntorrents: []', /:2: Map keys must be unique/],
    [`torrents:\n  - torrent: ${V1}\n    verify: watched`, /:3: "verify" of an entry is true or false/],
    [
      `torrents:\n  - torrent: ${V1}\n    objectives: {min_proved_seeder: 3}`,
      /:3: "min_proved_seeder" is not known here; there are min_proved_seeders, min_proved_outside, min_trackers_up, min_web_seeds_intact$/,
    ],
    [`torrents:\n  - torrent: ${V1}\n    objectives:\n      min_proved_seeders: many`, /:4: "min_proved_seeders" is no number/],
    [`torrents:\n  - torrent: ${V1}\n    objectives:\n      min_proved_seeders: -1`, /:4: "min_proved_seeders" is below 0/],
    [`torrents:\n  - torrent: ${V1}\n    labels: x`, /:3: "labels" are written as NAME: VALUE/],
    [`torrents:\n  - torrent: ${V1}\n    labels: {a: [1]}`, /:3: "a" is no text/],
    [
      `torrents:\n  - torrent: ${V1}\n    outside_prefixes:\n      - 10.0.0.0/8\n      - 10.0.0.0/99`,
      /:5: "outside_prefixes" has "10.0.0.0\/99", which is no network/,
    ],
    [
      `torrents:\n  - torrent: ${V1}\n    trackers: [ftp://x/]`,
      /:3: "trackers" holds something that is no http, https or udp address/,
    ],
    ['maintenance: [{from: 2026-12-01T22:00:00, until: 2026-12-02T22:00:00Z}]', /:1: "from" is a moment like .*, with its zone/],
    ['maintenance:\n  - from: 2026-12-03T22:00:00Z\n    until: 2026-12-02T22:00:00Z', /:2: entry 1 ends before it begins/],
    [
      `torrents:\n  - torrent: ${V1}\n    maintenance: [{from: 2026-12-01T22:00:00Z, till: 1}]`,
      /:3: "(till" is not known here; there are from, until|until" is a moment)/,
    ],
    ['torrents:\n  - torrent: gone.torrent', /:2: "\/gone\.torrent" is no magnet link, no infohash, and no file/],
    ['torrents:\n  - torrent: watchlist.yaml', /:2: .*watchlist\.yaml/],
    ['torrents:\n  - torrent: magnet:?dn=x', /:2: this magnet link cannot be read/],
    [`torrents:\n  - torrent: ${V1}\n  - torrent: ${MAGNET}`, /:3: this torrent is in the list already, at \/watchlist\.yaml:2/],
    ['torrents:\n  - torrent: "x', /:\d: Missing closing "quote/],
    ['torrents:\n\t- torrent: x', /:2: Tabs are not allowed/],
    ['a: &a [x]\ntorrents: *b', /Unresolved alias/],
  ])('%j', (text, sentence) => {
    writeFileSync(path, text);
    const said = fault(() => loadWatchlist(path));
    expect(said).toMatch(sentence);
    expect(said).not.toMatch(/\n|PASSKEY/);
  });

  test('aliases that multiply are refused', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`);
    expect(fault(() => parse(['l0: &l0 x', ...levels, 'torrents: []'].join('\n')))).toMatch(
      /^\/watchlist\.yaml: .*[Ee]xcessive alias/,
    );
  });
});

describe('differences', () => {
  const of = (text: string) => parse(text).entries;
  const state = (entries: ReturnType<typeof of>) => new Map(entries.map(({ watched }) => [watched.swarm_id, watched]));
  const one = of(`torrents: [{torrent: ${V1}, labels: {a: x, b: y}}]`);

  test('new, changed and gone entries are published, others are not', () => {
    expect(differences(new Map(), one)).toEqual([one[0]!.watched]);
    expect(differences(state(one), one)).toEqual([]);
    expect(differences(state(one), of(`torrents: [{torrent: ${V1}, labels: {b: y, a: x}}]`))).toEqual([]);
    expect(differences(state(one), of(`torrents: [{torrent: ${V1}}]`))).toMatchObject([{ set: 1, labels: {} }]);
    expect(differences(state(one), of(`torrents: [{torrent: ${V2}}]`))).toMatchObject([
      { swarm_id: V1, set: 0, labels: { a: 'x', b: 'y' } },
      { swarm_id: V2.slice(0, 40), set: 1 },
    ]);
  });

  test('what an earlier process published is known', () => {
    const events = one.map(({ watched }) => makeEvent('torrent_watched', watched, STAMP));
    expect(differences(watchedState(events), one)).toEqual([]);
    const unset = watchedState([...events, makeEvent('torrent_watched', { ...one[0]!.watched, set: 0 }, STAMP)]);
    expect(differences(unset, [])).toEqual([]);
    expect(differences(unset, one)).toHaveLength(1);
  });
});

describe('edits', () => {
  const TEXT = `# my list
verify: all # everything

torrents:
  # the first
  - torrent: ${V1} # keep me
    labels: {a: b}

  # the second
  - torrent: hybrid.torrent
`;

  test('an entry more, everything else as it was', () => {
    const edited = addEntry(TEXT, path, {
      torrent: V2,
      name: 'new',
      labels: { team: 'x' },
      objectives: { min_proved_seeders: '3' },
    });
    expect(edited.startsWith(TEXT.trimEnd().replace('{a: b}', '{ a: b }'))).toBe(true);
    expect(parse(edited).entries.at(-1)!.watched).toMatchObject({
      name: 'new',
      labels: { team: 'x' },
      objectives: { min_proved_seeders: 3 },
    });
  });

  test('into an empty list, and into none', () => {
    for (const text of ['', 'torrents: []\n', 'torrents:\n', '# only words\n']) {
      const edited = addEntry(text, path, { torrent: MAGNET });
      expect(edited).toMatch(/torrents:\n {2}- torrent: magnet/);
      expect(parse(edited).entries).toHaveLength(1);
      if (text.startsWith('#')) expect(edited).toMatch(/^# only words/);
    }
  });

  test('a file is written as its path from the list', () => {
    const given = relative(process.cwd(), join(directory, 'hybrid.torrent'));
    expect(addEntry('', path, { torrent: given })).toMatch(/- torrent: hybrid\.torrent\n/);
  });

  test('an entry less, everything else as it was', () => {
    const edited = removeEntry(TEXT, path, V1);
    expect(edited).toMatch(/^# my list\nverify: all # everything\n/);
    expect(edited).not.toMatch(V1);
    expect(parse(edited).entries).toHaveLength(1);
    const none = removeEntry(edited, path, Buffer.from(hybrid.infoHashV2!).toString('hex'));
    expect(parse(none).entries).toEqual([]);
  });

  test('one whose file is gone can be removed as it is written, and is in nobody else’s way', () => {
    const text = `torrents:\n  - torrent: gone.torrent\n  - torrent: ${V1}\n`;
    expect(parse(removeEntry(text, path, 'gone.torrent')).entries).toHaveLength(1);
    expect(removeEntry(text, path, V1)).toBe('torrents:\n  - torrent: gone.torrent\n');
  });

  test('what cannot be done is said', () => {
    expect(fault(() => addEntry(TEXT, path, { torrent: MAGNET }))).toBe(`${V1} is in /watchlist.yaml already`);
    expect(fault(() => removeEntry(TEXT, path, V2))).toMatch(/is not in \/watchlist\.yaml/);
    expect(fault(() => addEntry(TEXT, path, { torrent: V2, objectives: { seeders: '3' } }))).toMatch(/"seeders" is no objective/);
    expect(fault(() => addEntry(TEXT, path, { torrent: V2, objectives: { min_proved_seeders: 'x' } }))).toMatch(
      /is a number, not "x"/,
    );
    expect(fault(() => addEntry('torrents: 5', path, { torrent: V2 }))).toMatch(/:1: "torrents" is a list/);
    expect(fault(() => readText(directory))).toMatch(/cannot read the watch list .*: is a directory/);
  });
});

describe('synchronising', () => {
  function bench(history: EventOf<'torrent_watched'>[] = []) {
    const published: Event[] = [];
    const said: string[] = [];
    const sources: string[] = [];
    const named: string[] = [];
    let changed = () => {};
    const log: Log = {
      debug: () => {},
      info: () => {},
      warn: (_, text) => said.push(text ?? ''),
      error: () => {},
      child: () => log,
    };
    const options = {
      path,
      log,
      stamp: () => STAMP,
      bus: {
        publish: (event: Event) => {
          published.push(event);
          return 'queued' as const;
        },
        history: async function* () {
          yield* history;
        } as never,
      },
      takeSource: (source: { trackers?: readonly string[] }) => sources.push(...(source.trackers ?? [])),
      nameTracker: (url: string) => named.push(url),
      watch: (_: string, onChange: () => void) => {
        changed = onChange;
        return () => {
          changed = () => {};
        };
      },
    };
    return { options, published, said, sources, named, change: () => changed() };
  }

  test('publishes the list, then every change of it; secrets go to the prober alone', async () => {
    writeFileSync(path, `torrents: [{torrent: '${MAGNET}', trackers: ['udp://mine.example:80']}]`);
    const { options, published, sources, named, change } = bench();
    const sync = await syncWatchlist(options);
    expect(published).toMatchObject([{ topic: 'torrent_watched', swarm_id: V1, set: 1 }]);
    expect(sources).toEqual(['udp://mine.example:80', 'http://t.example/PASSKEY/announce']);
    expect(named).toEqual(['udp://mine.example:80']);
    change();
    expect(published).toHaveLength(1);
    expect(sources).toHaveLength(2);
    writeFileSync(path, `torrents: [{torrent: ${V2}}]`);
    change();
    expect(published.slice(1)).toMatchObject([
      { swarm_id: V1, set: 0 },
      { swarm_id: V2.slice(0, 40), set: 1 },
    ]);
    expect(JSON.stringify(published)).not.toMatch(/PASSKEY/);
    sync.stop();
    writeFileSync(path, '');
    change();
    expect(published).toHaveLength(3);
  });

  test('a list that breaks while it is followed is said, and the last good one stays', async () => {
    writeFileSync(path, `torrents: [{torrent: ${V1}}]`);
    const { options, published, said, change } = bench();
    const sync = await syncWatchlist(options);
    writeFileSync(path, 'torrents: 5');
    change();
    expect(said).toEqual([expect.stringMatching(/not read again: .*watchlist\.yaml:1: "torrents" is a list/)]);
    expect(sync.list.entries).toHaveLength(1);
    expect(published).toHaveLength(1);
  });

  test('what the log knows already is not published again; what is gone from the list is unset', async () => {
    writeFileSync(path, `torrents: [{torrent: ${V1}}]`);
    const earlier = parse(`torrents: [{torrent: ${V1}}, {torrent: ${V2}}]`).entries;
    const { options, published } = bench(earlier.map(({ watched }) => makeEvent('torrent_watched', watched, STAMP)));
    await syncWatchlist(options);
    expect(published).toMatchObject([{ swarm_id: V2.slice(0, 40), set: 0 }]);
  });

  test('a list that is broken at the start is a fault', async () => {
    writeFileSync(path, 'torrents: 5');
    await expect(syncWatchlist(bench().options)).rejects.toThrow(Failure);
  });
});
