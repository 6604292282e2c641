// The shape of every protocol machine: bytes and time in; bytes, facts and a deadline out. No IO below this line.

/** A UDP or TCP address. `address` is canonical text: dotted IPv4, or RFC 5952 IPv6 without brackets or zone. A v4-mapped v6 address is written as IPv4. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where a datagram machine puts what it wants sent and what it found out. `bytes` are valid only during the call: the shell copies or sends at once. */
export interface Out<Fact> {
  send(bytes: Uint8Array, to: Endpoint): void;
  emit(fact: Fact): void;
}

/** A datagram protocol without IO. `now` is monotonic milliseconds; received `bytes` are valid only during the call. */
export interface Machine<Fact> {
  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<Fact>): void;
  tick(now: number, out: Out<Fact>): void;
  /** When `tick` is wanted next, in the same monotonic milliseconds; Infinity when never. */
  deadline(): number;
}

/** How a dial or a session ended: the closed set that `peer_probed.outcome` stores. */
export const OUTCOMES = [
  'handshaken',
  'timeout',
  'refused',
  'reset',
  'unreachable_net',
  'wrong_infohash',
  'encrypted_only',
  'closed_early',
  'self',
  'protocol_error',
  'busy',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Where a stream session puts its bytes, its wishes for the stream, and its facts. `write` copies; false means the send buffer is above its mark: wait for `writable`. */
export interface SessionOut<Fact> {
  write(bytes: Uint8Array): boolean;
  pause(): void;
  resume(): void;
  end(): void;
  abort(): void;
  emit(fact: Fact): void;
}

/** A stream protocol without IO; TCP, uTP and MSE-wrapped transports all drive the same one. `closed` is called exactly once, last. */
export interface Session<Fact> {
  opened(now: number, out: SessionOut<Fact>): void;
  receive(bytes: Uint8Array, now: number, out: SessionOut<Fact>): void;
  writable(now: number, out: SessionOut<Fact>): void;
  closed(outcome: Outcome, now: number, out: SessionOut<Fact>): void;
  tick(now: number, out: SessionOut<Fact>): void;
  deadline(): number;
}

/** A source of randomness, always a constructor argument: uniform in [0, 1). Seeded in tests; from the operating system in services. */
export type Random = () => number;
