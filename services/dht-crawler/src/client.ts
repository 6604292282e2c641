// The name of a DHT implementation from the `v` of its messages: two letters and usually two bytes of version.

const NAMES: Readonly<Record<string, string>> = {
  LT: 'libtorrent',
  UT: 'uTorrent',
  TR: 'Transmission',
  ml: 'mldht',
  MO: 'MonoTorrent',
  lt: 'rtorrent',
  BT: 'BitTorrent',
  SW: 'Swarmscope',
  A2: 'aria2',
  WW: 'WebTorrent',
  RS: 'mainline',
};

/** `libtorrent 2.1`, or what stands there as far as it is printable; null when nothing is. */
export function clientOf(version: Uint8Array): string | null {
  const letters = String.fromCharCode(...version.subarray(0, 2));
  if (!/^[!-~]{2}$/.test(letters)) return null;
  const numbers = [...version.subarray(2, 4)];
  return `${NAMES[letters] ?? letters}${numbers.length > 0 ? ` ${numbers.join('.')}` : ''}`;
}
