// Somebody in a virtual DHT who is no node of ours: a test says what he says.
import { randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { VirtualNetwork } from './dht-network.ts';

const random = seededRandom(12);

/** Somebody who is no DhtNode of ours: sends what the test wants, keeps what comes. */
export class Stranger {
  readonly endpoint: Endpoint;
  readonly writer: KrpcWriter;
  /** Replies and errors, and queries. */
  readonly got: Uint8Array[] = []; // bound: one test
  readonly asked: Uint8Array[] = []; // bound: one test
  readonly id: Uint8Array;
  onQuery: ((view: KrpcView) => Uint8Array | undefined) | undefined;
  readonly #network: VirtualNetwork;

  constructor(network: VirtualNetwork, address: string, port = 7000, readOnly = true) {
    this.endpoint = { address, port };
    this.id = randomId(random);
    this.writer = new KrpcWriter({ id: this.id, version: new Uint8Array(0), readOnly });
    this.#network = network;
    network.add({
      endpoint: this.endpoint,
      receive: (bytes, from) => {
        const view = new KrpcView();
        const isQuery = view.parse(bytes) === undefined && view.kind === 'query';
        (isQuery ? this.asked : this.got).push(bytes);
        if (isQuery) {
          const answer = this.onQuery?.(view);
          if (answer) network.send(answer, this.endpoint, from);
        }
      },
      tick: () => undefined,
      deadline: () => Number.POSITIVE_INFINITY,
    });
  }

  say(bytes: Uint8Array, to: Endpoint): void {
    this.#network.send(bytes, this.endpoint, to);
  }

  /** The last answer that came, read. */
  last(list = this.got): KrpcView {
    const view = new KrpcView();
    const reason = view.parse(list.at(-1)!);
    if (reason) throw new Error(reason);
    return view;
  }
}
