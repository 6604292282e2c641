// Canonical peer priority against the vectors of BEP 40, and pairs hashed by hand as libtorrent's own test does.
import { crc32c } from '@swarmscope/bittorrent/crc32c.ts';
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import { peerPriority } from '@swarmscope/bittorrent/peer/priority.ts';
import { describe, expect, test } from 'vitest';

const at = (address: string, port = 0) => ({ address, port });
const ALL = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

describe('peer priority', () => {
  test('the vectors of the BEP', () => {
    expect(peerPriority(at('123.213.32.10'), at('98.76.54.32'))).toBe(0xec2d7224);
    expect(peerPriority(at('123.213.32.10'), at('123.213.32.234'))).toBe(0x99568189);
  });

  test.each([
    ['one address: the ports', at('230.12.123.3', 0x4d2), at('230.12.123.3', 0x12c), '012c04d2'],
    ['one /24', at('230.12.123.1'), at('230.12.123.3'), 'e60c7b01e60c7b03'],
    ['one /16', at('230.12.23.1'), at('230.12.123.3'), 'e60c1701e60c7b01'],
    ['two networks', at('230.120.23.1'), at('230.12.123.3'), 'e60c5101e6781501'],
    [
      'IPv6, two networks',
      at(ALL),
      at('ffff:0fff:ffff:ffff:ffff:ffff:ffff:ffff'),
      'ffff0fffffff55555555555555555555ffffffffffff55555555555555555555',
    ],
    [
      'IPv6, one /40',
      at(ALL),
      at('ffff:ffff:ff0f:ffff:ffff:ffff:ffff:ffff'),
      'ffffffffff0fff555555555555555555ffffffffffffff555555555555555555',
    ],
    [
      'IPv6, one /48',
      at(ALL),
      at('ffff:ffff:ffff:0fff:ffff:ffff:ffff:ffff'),
      'ffffffffffff0fff5555555555555555ffffffffffffffff5555555555555555',
    ],
  ])('%s, and the same from the other side', (_, one, other, hashed) => {
    const expected = crc32c(fromHex(hashed)!);
    expect(peerPriority(one, other)).toBe(expected);
    expect(peerPriority(other, one)).toBe(expected);
  });

  test('families that never meet have none', () => {
    expect(peerPriority(at('192.0.2.1'), at(ALL))).toBeUndefined();
  });
});
