// Foreign BitTorrent programs with known truth: opentracker, Transmission, aria2; each on an address of its own, each asked for its truth by its own RPC.
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Client } from 'bittorrent-dht';
import { need } from '../../support/extras.ts';
import { freePort, start, until } from './process.ts';

/** What a foreign client says of itself: pieces it has, of how many. */
interface ClientTruth {
  pieces_have: number;
  pieces_total: number;
}

export interface ForeignClient {
  endpoint: string;
  truth(): Promise<ClientTruth>;
  stop(): Promise<unknown>;
}

/** Whether something accepts TCP connections there. */
function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** opentracker on one address, TCP and UDP on the same port; Debian's build serves only the infohashes it is told. */
export async function startOpentracker(options: {
  directory: string;
  address: string;
  infoHashes: readonly string[];
}): Promise<{ http: string; udp: string; stop(): Promise<unknown> }> {
  const port = await freePort(options.address);
  const directory = join(options.directory, 'opentracker');
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, 'whitelist'), options.infoHashes.map((hash) => `${hash}\n`).join(''), { mode: 0o644 });
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  // Relative to its own directory: it changes its root there when it drops root's privileges.
  const place = ['-i', options.address, '-p', String(port), '-P', String(port), '-w', 'whitelist', '-d', '.'];
  const running = start(need('opentracker'), [...place, ...user], { cwd: directory });
  await until('opentracker accepts', () => accepts(options.address, port), 10_000, running);
  return {
    http: `http://${options.address}:${port}/announce`,
    udp: `udp://${options.address}:${port}/announce`,
    stop: () => running.stop(),
  };
}

interface ClientOptions {
  /** A directory of its own for state. */
  directory: string;
  address: string;
  torrent: string;
  /** Where the payload lies (may be partial: the client re-checks it). */
  payload: string;
  /** kB/s; 0 in `downloadKb` freezes Transmission. */
  uploadKb?: number;
  downloadKb?: number;
  /** aria2 alone: its DHT begins there, and is its only source of peers. */
  dht?: Endpoint;
}

/** transmission-daemon with one torrent; `truth` is its own have count. It accepts from 127/8 but never dials it. */
export async function startTransmission(options: ClientOptions): Promise<ForeignClient> {
  const [peerPort, rpcPort] = [await freePort(options.address), await freePort('127.0.0.1')];
  const config = join(options.directory, 'config');
  mkdirSync(config, { recursive: true });
  const settings = {
    'bind-address-ipv4': options.address,
    'bind-address-ipv6': '::1',
    'peer-port': peerPort,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': rpcPort,
    'rpc-authentication-required': false,
    'rpc-whitelist-enabled': false,
    'download-dir': options.payload,
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': true,
    'utp-enabled': true,
    'port-forwarding-enabled': false,
    'ratio-limit-enabled': false,
    encryption: 1,
    'speed-limit-up': options.uploadKb ?? 0,
    'speed-limit-up-enabled': options.uploadKb !== undefined,
    'speed-limit-down': options.downloadKb ?? 0,
    'speed-limit-down-enabled': options.downloadKb !== undefined,
  };
  writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
  const running = start(need('transmission'), ['-f', '-g', config, '--log-error']);
  const rpc = transmissionRpc(`http://127.0.0.1:${rpcPort}/transmission/rpc`);
  await until('transmission answers', () => rpc('session-get', {}).catch(() => undefined), 15_000, running);
  await rpc('torrent-add', { filename: options.torrent, 'download-dir': options.payload });
  const get = async () => {
    const fields = ['status', 'haveValid', 'pieceCount', 'pieces', 'recheckProgress', 'errorString', 'totalSize'];
    const answer = (await rpc('torrent-get', { fields })) as {
      torrents: { status: number; pieces: string; pieceCount: number }[];
    };
    return answer.torrents[0];
  };
  // Status 1 and 2: waiting for, or in, the check of its payload; 4 downloading, 6 seeding.
  await until('transmission has checked its payload', async () => [4, 6].includes((await get())?.status ?? 0), 30_000, running);
  return {
    endpoint: `${options.address}:${peerPort}`,
    async truth() {
      const torrent = await get();
      const bits = Buffer.from(torrent?.pieces ?? '', 'base64');
      return { pieces_have: countBits(bits), pieces_total: torrent?.pieceCount ?? 0 };
    },
    // On TERM it waits for trackers that may be gone already.
    stop: () => running.stop(1500),
  };
}

function transmissionRpc(url: string): (method: string, args: Record<string, unknown>) => Promise<unknown> {
  let session = '';
  return async (method, args) => {
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'x-transmission-session-id': session },
        body: JSON.stringify({ method, arguments: args }),
      });
      if (response.status === 409) {
        session = response.headers.get('x-transmission-session-id') ?? '';
        continue;
      }
      const body = (await response.json()) as { result: string; arguments: unknown };
      if (body.result !== 'success') throw new Error(`${method}: ${body.result}`);
      return body.arguments;
    }
    throw new Error(`${method}: no session id`);
  };
}

function countBits(bytes: Uint8Array): number {
  let total = 0;
  for (const byte of bytes) for (let bit = byte; bit > 0; bit >>= 1) total += bit & 1;
  return total;
}

/** aria2 with one torrent, controlled by JSON-RPC; a leecher is one whose payload is incomplete. */
export async function startAria2(options: ClientOptions): Promise<ForeignClient> {
  const [peerPort, rpcPort] = [await freePort(options.address), await freePort('127.0.0.1')];
  mkdirSync(options.directory, { recursive: true });
  const flags = [
    '--no-conf',
    '--disable-ipv6=true',
    `--interface=${options.address}`,
    `--listen-port=${peerPort}`,
    '--enable-rpc=true',
    `--rpc-listen-port=${rpcPort}`,
    '--rpc-listen-all=false',
    '--seed-ratio=0',
    '--check-integrity=true',
    '--enable-dht6=false',
    ...(options.dht
      ? ['--enable-dht=true', `--dht-listen-port=${peerPort}`, `--dht-entry-point=${options.dht.address}:${options.dht.port}`]
      : ['--enable-dht=false']),
    '--bt-enable-lpd=false',
    '--file-allocation=none',
    '--allow-overwrite=true',
    `--dht-file-path=${join(options.directory, 'dht.dat')}`,
    '--bt-max-peers=0',
    '--auto-save-interval=0',
    '--follow-torrent=false',
    `--stop-with-process=${process.pid}`,
    `--dir=${options.payload}`,
    `--max-upload-limit=${options.uploadKb ?? 200}K`,
    ...(options.downloadKb === undefined ? [] : [`--max-download-limit=${options.downloadKb}K`]),
    options.torrent,
  ];
  const running = start(need('aria2'), flags, { cwd: options.directory });
  const truth = aria2Truth(`http://127.0.0.1:${rpcPort}/jsonrpc`);
  await until('aria2 has checked its payload', truth, 30_000, running);
  await until('aria2 accepts peers', () => accepts(options.address, peerPort), 10_000, running);
  return {
    endpoint: `${options.address}:${peerPort}`,
    truth: async () => (await truth()) ?? { pieces_have: 0, pieces_total: 0 },
    stop: () => running.stop(4000),
  };
}

/** The state of its only download; undefined while it is checking or has not started. */
function aria2Truth(url: string): () => Promise<ClientTruth | undefined> {
  return async () => {
    const keys = ['status', 'bitfield', 'numPieces', 'verifiedLength', 'verifyIntegrityPending', 'infoHash'];
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'aria2.tellActive', params: [keys] });
    const response = await fetch(url, { method: 'POST', body }).catch(() => undefined);
    const answer = (await response?.json().catch(() => undefined)) as { result?: Record<string, string>[] } | undefined;
    const download = answer?.result?.find((entry) => entry['infoHash'] !== undefined);
    if (!download || download['verifyIntegrityPending'] === 'true' || download['verifiedLength'] !== undefined) return undefined;
    return {
      pieces_have: countBits(Buffer.from(download['bitfield'] ?? '', 'hex')),
      pieces_total: Number(download['numPieces']),
    };
  };
}

/** `bittorrent-dht` (WebTorrent's) that knows one node alone. */
export async function startNpmDht(address: string, bootstrap: Endpoint): Promise<{ dht: Client; stop(): Promise<void> }> {
  const dht = new Client({ bootstrap: [`${bootstrap.address}:${bootstrap.port}`], host: address });
  await new Promise<void>((resolve) => dht.listen(0, address, resolve));
  await new Promise<void>((resolve) => dht.on('ready', resolve));
  return { dht, stop: () => new Promise((resolve) => dht.destroy(() => resolve())) };
}
