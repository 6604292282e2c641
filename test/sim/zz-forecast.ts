// scratch: population statistics of histories
import { drawLife, live } from '@swarmscope/lab/sim/histories.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
const random = seededRandom(1);
const t0 = performance.now();
const hs = Array.from({ length: 2000 }, () => live(drawLife(random), 365 * 24, random));
console.log('ms', performance.now() - t0);
const died = hs.filter((h) => h.diedH !== undefined);
for (const d of [1, 3, 7, 14, 30, 60, 90, 180, 330]) console.log(d, 'dead', (died.filter((h) => h.diedH! < d * 24).length / hs.length).toFixed(3), 'mean copies', (hs.reduce((s, h) => s + (h.copies.findLast((c) => c.atH <= d * 24)?.count ?? 0), 0) / hs.length).toFixed(2));
const un = (d: number) => hs.filter((h) => (h.copies.findLast((c) => c.atH <= d * 24)?.count ?? 0) === 0).length / hs.length;
console.log('without copy at 30 d', un(30));
