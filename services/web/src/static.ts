// Files of the page, read once at start: its scripts and styles, and the chart library from node_modules.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SHADES } from '@swarmscope/dashboards/definitions/tone.ts';

export interface StaticFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Changes with the bytes: a browser that has it is answered 304. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Every file that is served, by its path. Only what is listed here exists: no path of a request reaches the disk. */
export function readStaticFiles(): Map<string, StaticFile> {
  const page = fileURLToPath(new URL('./page/', import.meta.url));
  const own = readdirSync(page)
    .filter((name) => extname(name) in TYPES)
    .map((name): [string, StaticFile] => [`/page/${name}`, readStatic(join(page, name))]);
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const vendor: [string, StaticFile][] = [
    ['/vendor/uplot.js', readStatic(join(uplot, 'uPlot.esm.js'))],
    ['/vendor/uplot.css', readStatic(join(uplot, 'uPlot.min.css'))],
  ];
  return new Map([...own, ...vendor, ['/page/tones.css', madeStatic(toneStyles(), TYPES['.css']!)]]);
}

function readStatic(path: string): StaticFile {
  return madeStatic(readFileSync(path), TYPES[extname(path)]!);
}

function madeStatic(bytes: Uint8Array, type: string): StaticFile {
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, type, etag };
}

/** The colours of the definitions as classes: `--tone` is what an element of that tone is coloured with. */
function toneStyles(): Uint8Array {
  const rules = Object.entries(SHADES).map(
    ([tone, { dark, light }]) => `.tone-${tone}{--tone:${dark}}[data-theme=light] .tone-${tone}{--tone:${light}}`,
  );
  return Buffer.from(`${rules.join('\n')}\n`);
}
