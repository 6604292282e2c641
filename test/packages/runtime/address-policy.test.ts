// The bogon guard: every range at both of its edges, opt-outs, laboratories, spellings; its numbers against the address parser of the protocols.
import { formatV4, formatV6, parseAddress } from '@swarmscope/bittorrent/address.ts';
import { readV6, v4Number } from '@swarmscope/runtime/address-numbers.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { parseNetwork } from '@swarmscope/runtime/address-ranges.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const open = new AddressPolicy({ labNetworks: [], optOut: [] });

describe('bogons', () => {
  // first and last of the range, and its neighbours where they are public
  test.each([
    ['this network', '0.0.0.0', '0.255.255.255', ['1.0.0.0']],
    ['private 10', '10.0.0.0', '10.255.255.255', ['9.255.255.255', '11.0.0.0']],
    ['carrier-grade NAT', '100.64.0.0', '100.127.255.255', ['100.63.255.255', '100.128.0.0']],
    ['loopback', '127.0.0.0', '127.255.255.255', ['126.255.255.255', '128.0.0.0']],
    ['link-local', '169.254.0.0', '169.254.255.255', ['169.253.255.255', '169.255.0.0']],
    ['private 172', '172.16.0.0', '172.31.255.255', ['172.15.255.255', '172.32.0.0']],
    ['protocol assignments', '192.0.0.0', '192.0.0.255', ['191.255.255.255', '192.0.1.0']],
    ['documentation 1', '192.0.2.0', '192.0.2.255', ['192.0.1.255', '192.0.3.0']],
    ['6to4 relays', '192.88.99.0', '192.88.99.255', ['192.88.98.255', '192.88.100.0']],
    ['private 192', '192.168.0.0', '192.168.255.255', ['192.167.255.255', '192.169.0.0']],
    ['benchmarks', '198.18.0.0', '198.19.255.255', ['198.17.255.255', '198.20.0.0']],
    ['documentation 2', '198.51.100.0', '198.51.100.255', ['198.51.99.255', '198.51.101.0']],
    ['documentation 3', '203.0.113.0', '203.0.113.255', ['203.0.112.255', '203.0.114.0']],
    ['multicast to broadcast', '224.0.0.0', '255.255.255.255', ['223.255.255.255']],
    ['unspecified, loopback 6', '::', '::1', []],
    ['all below 2000::/3', '64:ff9b::1', '1fff:ffff::', ['2000::1']],
    ['Teredo', '2001::', '2001:0:ffff::1', ['2001:200::1']],
    ['protocol assignments 6', '2001:2::', '2001:1ff:ffff::', ['2001:4860:4860::8888']],
    ['documentation 6', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', ['2001:db7:ffff::1', '2001:db9::1']],
    ['6to4', '2002::', '2002:ffff::1', ['2003::1', '2001:ffff::1']],
    ['documentation 6b', '3fff::', '3fff:fff:ffff::', ['3ffe::1', '3fff:1000::1']],
    ['all above 2000::/3', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', []],
    ['unique local, link-local, site-local, multicast', 'fc00::1', 'ff02::1', []],
    ['IPv4-mapped private', '::ffff:10.0.0.1', '::ffff:127.0.0.1', ['::ffff:8.8.8.8']],
  ])('%s', (_name, first, last, outside) => {
    expect(open.admitsAddress(first)).toBe(false);
    expect(open.admitsAddress(last)).toBe(false);
    for (const address of outside) expect(open.admitsAddress(address), address).toBe(true);
  });

  test('port 0 and impossible ports never', () => {
    expect(open.admits({ address: '8.8.8.8', port: 1 })).toBe(true);
    expect(open.admits({ address: '8.8.8.8', port: 65_535 })).toBe(true);
    for (const port of [0, -1, 65_536, Number.NaN]) expect(open.admits({ address: '8.8.8.8', port })).toBe(false);
  });

  test('what is no address is not admitted', () => {
    for (const text of [
      '',
      'localhost',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      '0x8.8.8.8',
      '134744072',
      '8.8.8.8.',
      '2000::1%eth0',
      '2000:::1',
      '2000::1::2',
      '2000:1',
      '[2000::1]',
      '2000::00001',
      '1.2.3.4:5',
    ])
      expect(open.admitsAddress(text), text).toBe(false);
  });
});

describe('exceptions', () => {
  test('a laboratory admits the networks it names, not others, and never port 0', () => {
    const lab = new AddressPolicy({ labNetworks: ['127.0.0.0/8', 'fd00:1::/32'], optOut: [] });
    expect(lab.admits({ address: '127.1.2.3', port: 6881 })).toBe(true);
    expect(lab.admits({ address: 'fd00:1::9', port: 6881 })).toBe(true);
    expect(lab.admits({ address: '127.1.2.3', port: 0 })).toBe(false);
    expect(lab.admitsAddress('10.0.0.1')).toBe(false);
    expect(lab.admitsAddress('fd00:2::9')).toBe(false);
    expect(lab.admitsAddress('8.8.8.8')).toBe(true);
  });

  test('who opted out is left alone, in a laboratory too; a single address is a network', () => {
    const policy = new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: ['127.7.0.0/16', '9.9.9.9', '2a00::/16'] });
    expect(policy.admitsAddress('127.7.1.1')).toBe(false);
    expect(policy.admitsAddress('127.8.1.1')).toBe(true);
    expect(policy.admitsAddress('9.9.9.9')).toBe(false);
    expect(policy.admitsAddress('::ffff:9.9.9.9')).toBe(false);
    expect(policy.admitsAddress('9.9.9.8')).toBe(true);
    expect(policy.admitsAddress('2a00:ffff::1')).toBe(false);
    expect(policy.admitsAddress('2a01::1')).toBe(true);
  });

  test('overlapping and adjoining networks are one', () => {
    const policy = new AddressPolicy({ labNetworks: [], optOut: ['8.0.0.0/8', '8.8.0.0/16', '9.0.0.0/8', '7.255.255.255/32'] });
    for (const address of ['7.255.255.255', '8.0.0.0', '8.200.0.0', '9.255.255.255'])
      expect(policy.admitsAddress(address)).toBe(false);
    for (const address of ['7.255.255.254', '11.0.0.0']) expect(policy.admitsAddress(address)).toBe(true);
  });

  test('a network that cannot be read is one sentence', () => {
    expect(() => new AddressPolicy({ labNetworks: ['127.0.0.0/33'], optOut: [] })).toThrow(
      '"127.0.0.0/33" is no network; write it as 10.0.0.0/8 or 2001:db8::/32.',
    );
    expect(() => parseNetwork('home')).toThrow('is no network');
  });
});

describe('numbers', () => {
  const parameters = { seed: 20_261_124, numRuns: 500 };

  test('IPv4 text is the same number that the protocols read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        expect(v4Number(formatV4(bytes))).toBe(Buffer.from(bytes).readUInt32BE());
      }),
      parameters,
    );
  });

  test('IPv6 text is read, or refused, as the protocols do', () => {
    const groups = new Uint16Array(8);
    const bytesOf = () => Uint8Array.from([...groups].flatMap((group) => [group >> 8, group & 255]));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.nat(65_535)), { minLength: 8, maxLength: 8 }).filter((words) => words[5] !== 0xffff),
        (words) => {
          const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
          expect(readV6(formatV6(bytes), groups)).toBe(true);
          expect(bytesOf()).toEqual(bytes);
        },
      ),
      parameters,
    );
    const text = fc.array(fc.constantFrom(':', '::', '0', '1', 'ff', 'abcd', '.', '1.2.3.4', 'g'), { maxLength: 18 });
    fc.assert(
      fc.property(text, (parts) => {
        const spelled = `:${parts.join('')}`;
        const parsed = parseAddress(spelled);
        expect(readV6(spelled, groups)).toBe(parsed !== undefined);
        if (parsed?.length === 16) expect(bytesOf()).toEqual(parsed);
      }),
      { ...parameters, numRuns: 3_000 },
    );
  });
});

test('networks that opt out while it runs come beside those of the setting, and go with the next list; who opted out is known as such', () => {
  const policy = new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: ['5.6.0.0/16', '2a00:1::/32'] });
  const addresses = ['5.6.7.8', '8.8.8.8', '127.0.0.1', '2a00:1::5', '2a00:2::5', '::ffff:8.8.8.8'];
  const judged = () => addresses.map((address) => [policy.isOptedOut(address), policy.admitsAddress(address)]);
  const [out, free] = [
    [true, false],
    [false, true],
  ];
  expect(judged()).toEqual([out, free, free, out, free, free]);
  policy.leaveAlone(['8.8.8.0/24', '2a00:2::/32', '127.0.0.1']);
  expect(judged()).toEqual([out, out, out, out, out, out]);
  policy.leaveAlone([]);
  expect(judged()).toEqual([out, free, free, out, free, free]);
  expect(() => policy.leaveAlone(['nonsense'])).toThrow(/no network/);
  expect(judged()).toEqual([out, free, free, out, free, free]);
  expect(['nonsense', '10.0.0.1'].map((address) => policy.isOptedOut(address))).toEqual([false, false]);
});
