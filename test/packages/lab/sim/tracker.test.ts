// The lab's tracker, by HTTP and by UDP: members by truth, visitors by announce, private torrents only with their passkey.
import { decode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { LabTracker } from '@swarmscope/lab/sim/tracker.ts';
import { UdpLabTracker } from '@swarmscope/lab/sim/tracker-udp.ts';
import { describe, expect, test } from 'vitest';

const infoHash = Uint8Array.from({ length: 20 }, (_, i) => 13 * i);
const secretHash = new Uint8Array(20).fill(0xee);
const from: Endpoint = { address: '127.0.0.9', port: 40_000 };
const escaped = (bytes: Uint8Array) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

function tracker(): LabTracker {
  const made = new LabTracker();
  const members = [
    { endpoint: { address: '127.0.0.1', port: 1 }, isComplete: () => true },
    { endpoint: { address: '127.0.0.2', port: 2 }, isComplete: (now: number) => now >= 1_000 },
  ];
  made.register(infoHash, members);
  made.register(secretHash, members, 'k3y');
  return made;
}

describe('HTTP', () => {
  const ask = (made: LabTracker, path: string, now = 0) => decode(made.answerHttp(path, from, now).body) as Map<string, Value>;

  test('announces: compact peers, counts by truth, the asker counted but not shown', () => {
    const made = tracker();
    const path = `/announce?info_hash=${escaped(infoHash)}&port=6881&left=5`;
    const first = ask(made, path);
    expect(first.get('peers')).toEqual(Uint8Array.of(127, 0, 0, 1, 0, 1, 127, 0, 0, 2, 0, 2));
    expect([first.get('complete'), first.get('incomplete')]).toEqual([1, 2]);
    expect([ask(made, path, 1_000).get('complete'), ask(made, path, 1_000).get('incomplete')]).toEqual([2, 1]);
    expect(ask(made, `${path}&event=stopped`, 1_000).get('incomplete')).toBe(0);
    ask(made, path, 2_000);
    expect(ask(made, `/announce?info_hash=${escaped(infoHash)}&port=6882&left=0&numwant=1`, 2_000).get('peers')).toHaveLength(6);
    expect(made.scrape([...infoHash].map((byte) => byte.toString(16).padStart(2, '0')).join(''), 500_000)?.complete).toBe(2);
  });

  test('scrapes several, leaves out what it does not know', () => {
    const body = ask(tracker(), `/scrape?info_hash=${escaped(infoHash)}&info_hash=${escaped(new Uint8Array(20))}`);
    const files = body.get('files') as Map<string, Map<string, Value>>;
    expect(files.size).toBe(1);
    expect([...files.values()][0]).toEqual(
      new Map([
        ['complete', 1],
        ['downloaded', 2],
        ['incomplete', 1],
      ]),
    );
  });

  test('says why it refuses', () => {
    const reason = (path: string) => new TextDecoder().decode(ask(tracker(), path).get('failure reason') as Uint8Array);
    expect(reason('/announce?port=1')).toBe('malformed announce');
    expect(reason(`/announce?info_hash=${escaped(new Uint8Array(20))}&port=1`)).toBe('torrent not registered');
    expect(reason(`/announce?info_hash=${escaped(secretHash)}&port=1`)).toBe('unknown passkey');
    expect(ask(tracker(), `/k3y/announce?info_hash=${escaped(secretHash)}&port=1&left=1`).has('peers')).toBe(true);
    expect((ask(tracker(), `/scrape?info_hash=${escaped(secretHash)}`).get('files') as Map<string, Value>).size).toBe(0);
    expect(tracker().answerHttp('/other', from, 0).status).toBe(404);
  });
});

describe('UDP', () => {
  function exchange(machine: UdpLabTracker, words: (number | bigint | Uint8Array)[], now = 0): DataView {
    const bytes = Uint8Array.from(
      words.flatMap((word) => {
        if (word instanceof Uint8Array) return [...word];
        const size = typeof word === 'bigint' ? 8 : 4;
        return Array.from({ length: size }, (_, i) => Number((BigInt(word) >> BigInt(8 * (size - 1 - i))) & 0xffn));
      }),
    );
    const sent: Uint8Array[] = [];
    machine.receive(bytes, from, now, { send: (answer) => sent.push(answer), emit: () => expect.unreachable() });
    expect(sent).toHaveLength(1);
    return new DataView(sent[0]!.buffer);
  }

  const port = Uint8Array.of(0x1a, 0xe1);
  const announce = (connection: bigint, hash = infoHash) => [
    connection,
    1,
    77,
    hash,
    new Uint8Array(20),
    0n,
    9n,
    0n,
    2,
    0,
    0,
    -1,
    port,
  ];

  test('connects, announces, scrapes', () => {
    const machine = new UdpLabTracker(tracker(), 1);
    const connected = exchange(machine, [0x41727101980n, 0, 55]);
    expect([connected.getUint32(0), connected.getUint32(4)]).toEqual([0, 55]);
    const connection = connected.getBigUint64(8);
    const answer = exchange(machine, announce(connection), 30_000);
    expect([0, 4, 12, 16].map((at) => answer.getUint32(at))).toEqual([1, 77, 1, 2]);
    expect([...new Uint8Array(answer.buffer).subarray(20)]).toEqual([127, 0, 0, 1, 0, 1, 127, 0, 0, 2, 0, 2]);
    const scraped = exchange(machine, [connection, 2, 78, infoHash, new Uint8Array(20)], 30_000);
    expect([8, 12, 16, 20].map((at) => scraped.getUint32(at))).toEqual([2, 2, 1, 0]);
  });

  test('refuses a stale connection and a private torrent', () => {
    const machine = new UdpLabTracker(tracker(), 1);
    const connection = exchange(machine, [0x41727101980n, 0, 55]).getBigUint64(8);
    expect(exchange(machine, announce(connection), 300_000).getUint32(0)).toBe(3);
    expect(exchange(machine, announce(connection, secretHash)).getUint32(0)).toBe(3);
    expect(exchange(machine, [connection, 9, 1]).getUint32(0)).toBe(3);
  });
});
