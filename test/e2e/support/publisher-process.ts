// Run as a process by the durability test: memory bus, ingest and embedded store in one, publishing until it is killed; a line per 50 events says which.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { startIngest } from '@swarmscope/ingest/service.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { probed } from '../../support/events.ts';

const [directory = '', first = '0'] = process.argv.slice(2);
const store = await openEmbedded({ directory });
await store.migrate();
const bus = new MemoryBus();
const log = { info() {}, warn: (fields: object, message: string) => console.error(message, fields) };
await startIngest({ bus, store, clock: systemClock, log });
let n = Number(first);
setInterval(() => {
  for (let i = 0; i < 50; i += 1) bus.publish(probed(n % 50, { duration_ms: n++ }, Date.now()));
  process.stdout.write(`${n} ${Date.now()}\n`);
}, 20);
