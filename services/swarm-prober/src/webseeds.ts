// Web seeds (BEP 19) audited: random pieces are fetched by range requests and checked like those of any peer.
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { Info } from '@swarmscope/bittorrent/metainfo-info.ts';
import type { FilePart, TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { WebseedOutcome } from '@swarmscope/events/enums.ts';
import type { NewColumns } from '@swarmscope/events/event.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { type HttpFailure, httpGet } from '@swarmscope/runtime/http.ts';

const TIMEOUT_MS = 30_000;
const USER_AGENT = 'Swarmscope/0.1.0';

export interface WebSeedOptions {
  readonly policy: AddressPolicy;
  readonly random: Random;
  /** Pieces to check. */
  readonly pieces: number;
  /** What the audit may cost the host and us, in payload. */
  readonly maxBytes: number;
  /** For each request. */
  readonly timeoutMs?: number;
}

export interface WebSeedResult {
  readonly outcome: WebseedOutcome;
  readonly checked: number;
  readonly passed: number;
  /** To the first byte of the first answer; undefined when there was none. */
  readonly latencyMs: number | undefined;
}

/** Where a file stands: below the URL for torrents of several files and for URLs that end in a slash, at the URL otherwise. */
export function fileUrl(seed: string, info: Info, file: number): string {
  const { path } = info.files[file]!;
  const isSingle = info.files.filter((each) => !each.padding).length === 1 && path.length === 1 && path[0] === info.name;
  if (isSingle && !seed.endsWith('/')) return seed;
  const names = isSingle ? path : [info.name, ...path];
  return `${seed.replace(/\/$/, '')}/${names.map(encodeURIComponent).join('/')}`;
}

/**
 * Audits one web seed. The first thing that goes wrong ends it and is its outcome. Undefined: nothing can be checked, since a piece is
 * larger than the budget, or its hash is not known (v2 without layers).
 */
export async function auditWebSeed(
  seed: string,
  layout: TorrentLayout,
  options: WebSeedOptions,
): Promise<WebSeedResult | undefined> {
  const audit = new Audit(seed, layout, options);
  let [checked, passed] = [0, 0];
  for (const index of choose(layout, options)) {
    const piece = await audit.piece(index);
    if (typeof piece === 'string') return { outcome: piece, checked, passed, latencyMs: audit.latencyMs };
    checked += 1;
    if (!layout.verify(index, piece)) return { outcome: 'corrupt', checked, passed, latencyMs: audit.latencyMs };
    passed += 1;
  }
  return checked === 0 ? undefined : { outcome: 'ok', checked, passed, latencyMs: audit.latencyMs };
}

/** The columns of its event: of the URL only what may be told. */
export function webSeedColumns(swarmId: string, seed: string, result: WebSeedResult): NewColumns<'webseed_audited'> {
  const { protocol, host } = new URL(seed);
  return {
    swarm_id: swarmId,
    host: `${protocol}//${host}`,
    url_hash: toHex(sha256(new TextEncoder().encode(seed)).subarray(0, 8)),
    outcome: result.outcome,
    pieces_checked: result.checked,
    pieces_passed: result.passed,
    latency_ms: result.latencyMs ?? null,
  };
}

/** Different pieces whose hash is known, at random, within the budget. */
function choose(layout: TorrentLayout, { random, pieces, maxBytes }: WebSeedOptions): number[] {
  const chosen = new Set<number>();
  const most = Math.min(pieces, layout.pieces);
  let bytes = 0;
  for (let tries = 0; chosen.size < most && tries < 8 * most; tries += 1) {
    const index = Math.floor(random() * layout.pieces);
    if (chosen.has(index) || !layout.canVerify(index) || bytes + layout.pieceBytes(index) > maxBytes) continue;
    bytes += layout.pieceBytes(index);
    chosen.add(index);
  }
  return [...chosen];
}

class Audit {
  readonly #seed: string;
  readonly #layout: TorrentLayout;
  readonly #options: WebSeedOptions;
  latencyMs: number | undefined;

  constructor(seed: string, layout: TorrentLayout, options: WebSeedOptions) {
    this.#seed = seed;
    this.#layout = layout;
    this.#options = options;
  }

  /** A piece, put together from the files it touches; padding is zero and never asked for. */
  async piece(index: number): Promise<Uint8Array | WebseedOutcome> {
    const bytes = new Uint8Array(this.#layout.pieceBytes(index));
    let at = 0;
    for (const part of this.#layout.filesOf(index)) {
      if (!this.#layout.info.files[part.file]!.padding) {
        const got = await this.#part(part);
        if (typeof got === 'string') return got;
        bytes.set(got, at);
      }
      at += part.bytes;
    }
    return bytes;
  }

  async #part(part: FilePart): Promise<Uint8Array | WebseedOutcome> {
    const { policy, timeoutMs } = this.#options;
    const { info } = this.#layout;
    const whole = info.files[part.file]!.bytes;
    const result = await httpGet(fileUrl(this.#seed, info, part.file), {
      policy,
      timeoutMs: timeoutMs ?? TIMEOUT_MS,
      maxBytes: part.bytes,
      headers: { 'user-agent': USER_AGENT },
      range: { first: part.offset, last: part.offset + part.bytes - 1 },
    });
    if (!result.ok) return failureOf(result);
    this.latencyMs ??= result.latencyMs;
    const { status, body, headers } = result;
    if (status === 416) return 'wrong_size';
    if (status === 200) return part.bytes < whole ? 'no_ranges' : body.length === whole ? body : 'wrong_size';
    if (status !== 206) return 'http_status';
    const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
    if (body.length !== part.bytes || (total !== undefined && Number(total) !== whole)) return 'wrong_size';
    return body;
  }
}

/** More bytes than were asked for come from a server that does not know ranges, or has another file. */
function failureOf({ outcome, detail }: HttpFailure): WebseedOutcome {
  if (outcome !== 'malformed') return outcome;
  return detail === 'too_large' ? 'no_ranges' : 'http_status';
}
