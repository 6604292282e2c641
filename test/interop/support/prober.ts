// A prober on an address of its own, without DHT and trackers: what it is told and what it meets is all that it knows; its events are kept.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import {
  type ProberServiceOptions,
  type ProbeTarget,
  type RunningProber,
  startProber,
} from '@swarmscope/swarm-prober/service.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { openUtp } from '@swarmscope/swarm-prober/utp.ts';
import { until, type Workbench } from './process.ts';

export class LoneProber {
  readonly events: Event[] = []; // bound: one suite
  readonly prober: RunningProber;

  private constructor(prober: RunningProber, events: Event[]) {
    this.prober = prober;
    this.events = events; // bound: one suite
  }

  /** Starts it; the workbench stops it. Pieces of everybody are asked for, nothing is announced. */
  static async start(bench: Workbench, listen: Endpoint, options: Partial<ProberServiceOptions> = {}): Promise<LoneProber> {
    const events: Event[] = []; // bound: one suite
    const bus = new MemoryBus();
    const publish = bus.publish.bind(bus);
    bus.publish = (event) => {
      events.push(event);
      return publish(event);
    };
    const socket = await openUdp(listen);
    const parts = { clock: systemClock, random: systemRandom(), onInvariant: raiseInvariant };
    const pseudonyms = new Pseudonyms({ clock: systemClock, key: new Uint8Array(32), epoch: 0 });
    const prober = await startProber({
      ...parts,
      dht: [],
      utp: [openUtp(socket, parts)],
      bus,
      policy: new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: [] }),
      pseudonyms,
      log: silentLog,
      metrics: new Metrics({ processMetrics: false }),
      network: 'interop',
      instanceId: `interop-${listen.address}`,
      addresses: 'full',
      listen: socket.local,
      verify: 'all',
      announce: 'none',
      times: LAB_TIMES,
      ...options,
    });
    pseudonyms.stop();
    return new LoneProber(bench.keep(prober), events);
  }

  of<T extends Event['topic']>(topic: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.topic === topic);
  }

  /** The census of one torrent, and its peers by endpoint. */
  async probe(target: ProbeTarget, swarmId: string) {
    this.prober.add(target);
    await until('the census is over', () => this.prober.settled(), 100_000);
    const sampled = this.of('swarm_sampled').findLast((event) => event.swarm_id === swarmId);
    if (!sampled) throw new Error('no census');
    const probed = this.of('peer_probed').filter((event) => event.census_id === sampled.census_id);
    return { sampled, probed: new Map(probed.map((event) => [event.endpoint, event])) };
  }
}
