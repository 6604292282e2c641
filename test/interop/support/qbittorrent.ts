// qBittorrent without a screen, with one torrent: a profile of its own, its truth by its own web interface.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { need } from '../../support/extras.ts';
import type { ForeignClient } from './clients.ts';
import { freePort, start, until } from './process.ts';

interface Torrent {
  /** `uploading`, `stalledUP`, `checkingUP` ... */
  readonly state: string;
  readonly progress: number;
}

/** Everything that would leave the machine is off; whoever asks from 127.0.0.1 needs no password. */
function profile(address: string, peerPort: number, webPort: number, payload: string): string {
  return `[LegalNotice]
Accepted=true

[BitTorrent]
Session\\Port=${peerPort}
Session\\InterfaceAddress=${address}
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=true
Session\\DefaultSavePath=${payload}
Session\\MultiConnectionsPerIp=true

[Network]
PortForwardingEnabled=false

[Preferences]
Connection\\UPnP=false
General\\Locale=en
WebUI\\Address=127.0.0.1
WebUI\\Port=${webPort}
WebUI\\LocalHostAuth=false
WebUI\\UseUPnP=false
WebUI\\CSRFProtection=false
`;
}

export async function startQbittorrent(options: {
  directory: string;
  address: string;
  torrent: string;
  /** Where the payload lies: qBittorrent checks it itself. */
  payload: string;
  pieces: number;
}): Promise<ForeignClient> {
  const [peerPort, webPort] = [await freePort(options.address), await freePort('127.0.0.1')];
  const config = join(options.directory, 'qBittorrent', 'config');
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'qBittorrent.conf'), profile(options.address, peerPort, webPort, options.payload));
  const running = start(need('qbittorrent'), [`--profile=${options.directory}`], {
    env: { HOME: options.directory, QT_QPA_PLATFORM: 'offscreen' },
  });
  const api = `http://127.0.0.1:${webPort}/api/v2`;
  const ask = async <T>(path: string, init?: RequestInit): Promise<T | undefined> => {
    const response = await fetch(`${api}/${path}`, init).catch(() => undefined);
    return response?.ok ? ((await response.json().catch(() => ({}))) as T) : undefined;
  };
  await until('qBittorrent answers', async () => (await ask('transfer/info')) !== undefined, 60_000, running);
  const form = new FormData();
  form.append('torrents', new Blob([readFileSync(options.torrent)]), 'one.torrent');
  form.append('savepath', options.payload);
  await fetch(`${api}/torrents/add`, { method: 'POST', body: form });
  const torrent = async () => (await ask<Torrent[]>('torrents/info'))?.[0];
  await until('qBittorrent seeds', async () => /^(uploading|stalledUP)$/.test((await torrent())?.state ?? ''), 60_000, running);
  return {
    endpoint: `${options.address}:${peerPort}`,
    truth: async () => ({
      pieces_have: Math.round(((await torrent())?.progress ?? 0) * options.pieces),
      pieces_total: options.pieces,
    }),
    stop: () => running.stop(),
  };
}
