// The store in a process of its own: embedded ClickHouse behind the HTTP front on a given port, so that it can be killed and started again.
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { startFront } from '@swarmscope/web/front.ts';

const [directory, port] = process.argv.slice(2);
const store = await openEmbedded({ directory: directory! });
await store.migrate();
const listen = { address: '127.0.0.1', port: Number(port) };
const front = await startFront({ store, log: { warn() {} }, clock: systemClock, listen, writable: true });
process.on('disconnect', () => process.exit());
process.once('SIGTERM', async () => {
  await front.close();
  await store.close();
  process.exit(0);
});
process.send!({ url: front.url });
