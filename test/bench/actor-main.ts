// The process of one actor: loads it, says that it is ready, and answers with its count and its CPU time.
import type { Actor } from './actor.ts';

const [module, name, options] = process.argv.slice(2);
const actors = (await import(`./actors/${module}.ts`)) as Record<string, (options: object) => Promise<Actor>>;
const actor = await actors[name!]!(JSON.parse(options!) as object);
process.on('message', (message) => {
  if (message === 'on' || message === 'off') {
    actor.turn?.(message === 'on');
    return;
  }
  const { user, system } = process.cpuUsage();
  process.send!({ count: actor.count(), cpuUs: user + system, rssBytes: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.send!({ ready: actor.ready });
