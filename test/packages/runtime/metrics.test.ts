// Metrics by name, read at the scrape; the server that shows them and says how the process is.
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { describe, expect, test } from 'vitest';

describe('metrics', () => {
  test('a name made twice is one metric; machines’ counters are read at the scrape', async () => {
    const metrics = new Metrics({ processMetrics: false });
    metrics.counter('dials_total', 'Dials.', ['outcome']).add(2, { outcome: 'refused' });
    metrics.counter('dials_total', 'Dials.', ['outcome']).add(1, { outcome: 'refused' });
    metrics.gauge('nodes', 'Nodes.').set(7);
    metrics.histogram('rtt_ms', 'RTT.', [10, 100]).observe(50);
    const counted = { datagrams_in: 1 };
    metrics.counters('udp_total', 'UDP.', 'what', () => counted);
    metrics.gauges('queue', 'Queue.', 'of', () => ({ bus: 4 }));
    counted.datagrams_in = 9;
    const text = await metrics.text();
    for (const line of [
      'swarmscope_dials_total{outcome="refused"} 3',
      'swarmscope_nodes 7',
      'swarmscope_rtt_ms_bucket{le="100"} 1',
      'swarmscope_udp_total{what="datagrams_in"} 9',
      'swarmscope_queue{of="bus"} 4',
    ])
      expect(text).toContain(line);
    expect(await metrics.text()).toContain('swarmscope_udp_total{what="datagrams_in"} 9');
  });

  test('Node’s own are there by default', async () => {
    expect(await new Metrics().text()).toContain('swarmscope_nodejs_eventloop_lag_seconds');
  });
});

describe('the watch server', () => {
  test('answers /metrics and /healthz, and nothing else', async () => {
    const metrics = new Metrics({ processMetrics: false });
    metrics.gauge('nodes', 'Nodes.').set(7);
    const reasons: string[] = [];
    const server = await serveWatch({ host: '127.0.0.1', port: 0 }, metrics, () => reasons);
    const base = `http://127.0.0.1:${server.local.port}`;
    try {
      const shown = await fetch(`${base}/metrics?x=1`);
      expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining('swarmscope_nodes 7')]);
      const well = await fetch(`${base}/healthz`);
      expect([well.status, await well.json()]).toEqual([200, { status: 'ok', reasons: [] }]);
      reasons.push('No bootstrap node answers.');
      const unwell = await fetch(`${base}/healthz`);
      expect([unwell.status, await unwell.json()]).toEqual([503, { status: 'failing', reasons }]);
      expect((await fetch(`${base}/`)).status).toBe(404);
      expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
      await expect(serveWatch({ host: '127.0.0.1', port: server.local.port }, metrics, () => [])).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
    } finally {
      await server.close();
    }
  });
});
