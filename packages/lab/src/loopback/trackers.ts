// The lab's tracker on real sockets: HTTP by node:http, UDP by the runtime's socket.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import type { LabTracker } from '../sim/tracker.ts';
import { UdpLabTracker } from '../sim/tracker-udp.ts';

/** A running tracker front: its URL without path. */
export interface TrackerFront {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/announce`, `/scrape` and `/PASSKEY/announce` over HTTP. */
export async function openHttpTracker(tracker: LabTracker, address: string, clock: Clock): Promise<TrackerFront> {
  const server = createServer((request, response) => {
    const { remoteAddress = address, remotePort = 0 } = request.socket;
    const answer = tracker.answerHttp(request.url ?? '/', { address: remoteAddress, port: remotePort }, clock.now());
    response.writeHead(answer.status, { 'content-type': 'text/plain', 'content-length': answer.body.length });
    response.end(answer.body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves BEP 15. */
export async function openUdpTracker(
  tracker: LabTracker,
  address: string,
  secret: number,
  clock: Clock,
  onInvariant: OnInvariant,
): Promise<TrackerFront> {
  const socket = await openUdp({ address, port: 0 });
  const driven = drive(new UdpLabTracker(tracker, secret), socket, clock, onInvariant);
  return { url: `udp://${address}:${driven.local.port}`, close: () => driven.stop() };
}
