// A network whose observer went blind: a watched torrent was well, then nobody answers anywhere, and the prober itself falls silent.
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { swarmOf } from './seed-torrents.ts';

/** Events of the two hours before `endMs`, in the network `dark`; their positions do not meet those of the seed. */
export function darkEvents(endMs: number): Event[] {
  const swarm_id = swarmOf(900);
  const stamp = (ago_s: number) => ({ ts: endMs - ago_s * 1_000, instance_id: 'dark-1', network: 'dark' });
  const census = (ago_s: number, proved: number) =>
    makeEvent(
      'swarm_sampled',
      {
        swarm_id,
        census_id: ago_s.toString(16).padStart(16, '0'),
        window_s: 60,
        ...zeroCounts(),
        proved,
        unreachable: 30,
        endpoints_known: 30,
        endpoints_tried: 30,
        reached: proved,
        sources: [],
        files_at_risk: [],
        completable: proved > 0 ? 1 : 0,
        availability: [],
        availability_histogram: [],
        own_announces: 0,
      },
      stamp(ago_s),
    );
  const probe = (i: number) =>
    makeEvent(
      'peer_probed',
      {
        swarm_id,
        peer_key: i.toString(16).padStart(16, '0'),
        address_key: i.toString(16).padStart(16, '0'),
        key_epoch: 7,
        ip_prefix: '198.51.100.0/24',
        family: 4,
        direction: 'out',
        transport: 'tcp',
        encryption: 'none',
        holepunch: 0,
        outcome: 'timeout',
        extensions: [],
        challenges_asked: 0,
        challenges_passed: 0,
        challenges_failed: 0,
        challenges_silent: 0,
        bytes_down: '0',
        bytes_up: '0',
        verdict: 'unreachable',
        duration_ms: 5_000,
      },
      stamp(60 + i),
    );
  const watched = {
    swarm_id,
    name: 'In the dark',
    set: 1 as const,
    labels: {},
    objectives: { min_proved_seeders: 1 },
    verify: 1 as const,
    announce: 1 as const,
    prefixes_excluded: [],
    maintenance: [],
  };
  const report = (service: string, ago_s: number) =>
    makeEvent('service_sampled', { service, counters: {}, lag: null, build: '0.1.0' }, stamp(ago_s));
  return [
    makeEvent('torrent_watched', watched, stamp(7_200)),
    ...[7_000, 6_000, 5_000].map((ago) => census(ago, 2)),
    ...[1_500, 900, 300].map((ago) => census(ago, 0)),
    ...Array.from({ length: 30 }, (_, i) => probe(i)),
    report('swarm-prober', 600),
    report('dht-crawler', 5),
  ];
}
