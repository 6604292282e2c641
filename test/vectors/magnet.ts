// Magnet links and infohashes as people write them (BEP 9, 52, 53): what they mean, or the sentence that says what is wrong.
export interface MagnetVector {
  readonly name: string;
  readonly text: string;
  /** Hashes in hex, endpoints as text. */
  readonly means?: Record<string, unknown>;
  readonly sentence?: RegExp;
  /** The text that is written back, where it is not the same. */
  readonly written?: string;
}

export const HEX = '2c6b6858d61da9543d4231a71db4b1c9264b0685';
export const HEX_V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';
const BASE32 = 'FRVWQWGWDWUVIPKCGGTR3NFRZETEWBUF';
const XT = `xt=urn:btih:${HEX}`;

export const MAGNET_VECTORS: readonly MagnetVector[] = [
  { name: 'hex', text: `magnet:?${XT}`, means: { v1: HEX, v2: undefined, swarm: HEX, trackers: [], files: undefined } },
  { name: 'base32', text: `magnet:?xt=urn:btih:${BASE32}`, means: { v1: HEX }, written: `magnet:?${XT}` },
  {
    name: 'upper case throughout',
    text: `MAGNET:?XT=URN:BTIH:${HEX.toUpperCase()}`,
    means: { v1: HEX },
    written: `magnet:?${XT}`,
  },
  { name: 'v2', text: `magnet:?xt=urn:btmh:1220${HEX_V2}`, means: { v1: undefined, v2: HEX_V2, swarm: HEX_V2.slice(0, 40) } },
  { name: 'hybrid', text: `magnet:?${XT}&xt=urn:btmh:1220${HEX_V2}`, means: { v1: HEX, v2: HEX_V2, swarm: HEX } },
  {
    name: 'everything',
    text: `magnet:?${XT}&dn=A%20%26%20B&xl=1234&tr=http%3A%2F%2Ft.example%2Fa%3Fk%3D1&tr=udp%3A%2F%2Fu.example%3A80&ws=http%3A%2F%2Fw.example%2F&x.pe=1.2.3.4:5&x.pe=%5B::1%5D:6&x.pe=host.example:7&so=0,2,3,4`,
    means: {
      name: 'A & B',
      sizeBytes: 1_234,
      trackers: [['http://t.example/a?k=1'], ['udp://u.example:80']],
      webSeeds: ['http://w.example/'],
      peers: [
        { address: '1.2.3.4', port: 5 },
        { address: '::1', port: 6 },
        { host: 'host.example', port: 7 },
      ],
      files: [0, 2, 3, 4],
    },
  },
  {
    name: 'numbered, repeated and unknown parameters',
    text: `magnet:?xt.1=urn:btih:${HEX}&xt.2=urn:sha1:ABC&tr.1=udp://u.example:80&tr=udp://u.example:80&tr=wss://x/&as=http://x/&foo&so=3-4,1`,
    means: { v1: HEX, trackers: [['udp://u.example:80']], files: [1, 3, 4] },
    written: `magnet:?${XT}&tr=udp%3A%2F%2Fu.example%3A80&so=1,3,4`,
  },
  {
    name: 'the same hash twice, once in base32',
    text: `magnet:?${XT}&xt=urn:btih:${BASE32}`,
    means: { v1: HEX },
    written: `magnet:?${XT}`,
  },
  { name: 'plus signs in a name', text: `magnet:?${XT}&dn=a+b`, means: { name: 'a b' }, written: `magnet:?${XT}&dn=a%20b` },
  {
    name: 'a name in another encoding',
    text: `magnet:?${XT}&dn=caf%E9`,
    means: { name: 'caf\ufffd' },
    written: `magnet:?${XT}&dn=caf%EF%BF%BD`,
  },
  {
    name: 'a name that would move the cursor',
    text: `magnet:?${XT}&dn=%1B%5B2J`,
    means: { name: '_[2J' },
    written: `magnet:?${XT}&dn=_%5B2J`,
  },
  {
    name: 'peers that are none',
    text: `magnet:?${XT}&x.pe=1.2.3.4&x.pe=1.2.3.4:0&x.pe=:5&x.pe=a:99999`,
    means: { peers: [] },
    written: `magnet:?${XT}`,
  },
  { name: 'a size that is none', text: `magnet:?${XT}&xl=-1`, means: { sizeBytes: undefined }, written: `magnet:?${XT}` },

  { name: 'another scheme', text: 'http://example.org/', sentence: /begins with "magnet:\?"/ },
  { name: 'no topic', text: 'magnet:?dn=x', sentence: /no "xt=urn:btih:"/ },
  { name: 'only a topic of another kind', text: 'magnet:?xt=urn:sha1:ABC', sentence: /no "xt=urn:btih:"/ },
  { name: 'a hash cut short', text: `magnet:?xt=urn:btih:${HEX.slice(1)}`, sentence: /no infohash/ },
  { name: 'a hash with a wrong character', text: `magnet:?xt=urn:btih:${HEX.slice(1)}g`, sentence: /no infohash/ },
  { name: 'base32 with a wrong character', text: `magnet:?xt=urn:btih:${BASE32.slice(1)}1`, sentence: /no infohash/ },
  { name: 'a v1 hash as multihash', text: `magnet:?xt=urn:btmh:${HEX}`, sentence: /another kind/ },
  { name: 'a multihash of another function', text: `magnet:?xt=urn:btmh:1114${HEX_V2}`, sentence: /no infohash/ },
  { name: 'two torrents', text: `magnet:?${XT}&xt=urn:btih:${HEX.replace('2', '3')}`, sentence: /two torrents/ },
  { name: 'a selection that is none', text: `magnet:?${XT}&so=4-2`, sentence: /file numbers/ },
  { name: 'a selection of everything there could be', text: `magnet:?${XT}&so=0-999999`, sentence: /file numbers/ },
  { name: 'too long', text: `magnet:?${XT}&dn=${'x'.repeat(40_000)}`, sentence: /at most/ },
];
