// Magnet links against their vectors, read and written; infohashes as text.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { formatMagnet, type Magnet, parseInfoHash, parseMagnet, swarmIdOf, Unreadable } from '@swarmscope/bittorrent/magnet.ts';
import { describe, expect, test } from 'vitest';
import { HEX, HEX_V2, MAGNET_VECTORS } from '../../vectors/magnet.ts';

function read(text: string): Magnet {
  const magnet = parseMagnet(text);
  if (magnet instanceof Unreadable) throw new Error(magnet.sentence);
  return magnet;
}

const described = (magnet: Magnet) => ({
  ...magnet,
  v1: magnet.infoHashV1 && toHex(magnet.infoHashV1),
  v2: magnet.infoHashV2 && toHex(magnet.infoHashV2),
  swarm: toHex(swarmIdOf(magnet)),
});

describe('magnet links', () => {
  test.each(MAGNET_VECTORS)('$name', ({ text, means, sentence, written }) => {
    const result = parseMagnet(text);
    if (sentence) {
      expect(result).toBeInstanceOf(Unreadable);
      expect((result as Unreadable).sentence).toMatch(sentence);
      expect((result as Unreadable).sentence).toMatch(/\.$/);
      return;
    }
    const magnet = read(text);
    expect(described(magnet)).toMatchObject(means!);
    expect(formatMagnet(magnet)).toBe(written ?? text);
    expect(read(formatMagnet(magnet))).toEqual(magnet);
  });

  test('a sentence never repeats the link: it may hold a passkey', () => {
    const result = parseMagnet('magnet:?xt=urn:btih:zz&tr=http%3A%2F%2Ft%2Fpasskey');
    expect((result as Unreadable).sentence).not.toMatch(/passkey/);
  });
});

describe('infohashes', () => {
  test.each([
    [HEX, HEX, undefined],
    [` ${HEX.toUpperCase()}\n`, HEX, undefined],
    ['FRVWQWGWDWUVIPKCGGTR3NFRZETEWBUF', HEX, undefined],
    [HEX_V2, undefined, HEX_V2],
    [`1220${HEX_V2}`, undefined, HEX_V2],
  ])('%j', (text, v1, v2) => {
    const name = parseInfoHash(text);
    if (name instanceof Unreadable) throw new Error(name.sentence);
    expect(name.infoHashV1 && toHex(name.infoHashV1)).toBe(v1);
    expect(name.infoHashV2 && toHex(name.infoHashV2)).toBe(v2);
  });

  test.each(['', 'x', HEX.slice(1), `${HEX}0`, HEX.replace('2', 'g'), '0'.repeat(32), `1221${HEX_V2}`])('%j is none', (text) => {
    expect(parseInfoHash(text)).toBeInstanceOf(Unreadable);
  });
});
