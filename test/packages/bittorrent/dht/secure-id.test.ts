// BEP 42: the vectors of the BEP, and derive against check.
import { deriveId, fitsAddress } from '@swarmscope/bittorrent/dht/secure-id.ts';
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

test.each([
  ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
])('the id of %s in the BEP fits, and no other address', (address, hex) => {
  expect(fitsAddress(fromHex(hex)!, address)).toBe(true);
  expect(fitsAddress(fromHex(hex)!, '8.8.8.8')).toBe(false);
});

test.each(['1.2.3.4', '255.254.253.252', '2001:db8:1:2::5', '::ffff:9.8.7.6'])('an id derived for %s fits it', (address) => {
  const random = seededRandom(1);
  for (let i = 0; i < 50; i++) expect(fitsAddress(deriveId(address, random), address)).toBe(true);
});

test('derived ids differ, and random ones fit as often as chance has it', () => {
  const random = seededRandom(2);
  const ids = Array.from({ length: 2_000 }, () => deriveId('1.2.3.4', random));
  expect(new Set(ids.map(String)).size).toBe(2_000);
  expect(ids.filter((id) => fitsAddress(id, '4.3.2.1')).length).toBeLessThanOrEqual(1);
  expect(fitsAddress(ids[0]!, 'no address')).toBe(false);
  expect(deriveId('no address', random)).toHaveLength(20);
});
