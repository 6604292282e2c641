// What the kernel says it threw away: read from its table by address, port and inode, and counted for real on Linux.
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { dropsIn, readUdpDrops } from '@swarmscope/runtime/udp-drops.ts';
import { expect, test } from 'vitest';

const TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 6130: 28D8297F:1B58 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2630160 2 000000007615b2a6 12
 6130: 27D8297F:1B58 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2630102 2 000000003bf3e64a 7
 6131: 28D8297F:1B58 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2630161 2 000000007615b2a6 30
`;
const TABLE_V6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 7: 00000000000000000000000001000000:1AE1 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2 0 5
`;

test.skipIf(process.arch === 's390x')('drops are those of the address, the port and our own sockets', () => {
  const local = { address: '127.41.216.40', port: 7_000 };
  expect(dropsIn(TABLE, local, new Set(['2630160']))).toBe(12);
  expect(dropsIn(TABLE, local, new Set(['2630160', '2630161', '2630102']))).toBe(42);
  expect(dropsIn(TABLE, local, new Set(['9']))).toBeUndefined();
  expect(dropsIn(TABLE, { ...local, port: 7_001 }, new Set(['2630160']))).toBeUndefined();
  expect(dropsIn(TABLE_V6, { address: '::1', port: 6_881 }, new Set(['77']))).toBe(5);
});

test.skipIf(process.platform !== 'linux')(
  'a socket that nobody reads loses what its buffer does not hold, and it is counted',
  async () => {
    const [reader, writer] = await Promise.all(
      [1, 2].map(() => openUdp({ address: '127.0.0.1', port: 0, receiveBufferBytes: 4_096 })),
    );
    try {
      expect(readUdpDrops(reader!.local)).toBe(0);
      // Within one turn of the event loop nothing is read.
      for (let i = 0; i < 300; i++) writer!.send(new Uint8Array(1_000), reader!.local);
      expect(readUdpDrops(reader!.local)).toBeGreaterThan(200);
      expect(readUdpDrops(writer!.local)).toBe(0);
    } finally {
      await Promise.all([reader!.close(), writer!.close()]);
    }
    expect(readUdpDrops(reader!.local)).toBeUndefined();
  },
);
