// The watch list as a document: YAML checked against its schema, each fault as one sentence with file and line.
import { OBJECTIVES } from '@swarmscope/events/enums.ts';
import { MAINTENANCE_MAX } from '@swarmscope/events/lists.ts';
import { type Document, isMap, isNode, isScalar, LineCounter, type Pair, parseDocument } from 'yaml';
import { z } from 'zod';
import { readNetworks } from './arguments.ts';
import { usageFailure } from './failure.ts';

const FILE_CHARACTERS_MAX = 16 * 1024 * 1024;
const ENTRIES_MAX = 100_000;
const NAMED_MAX = 64;
const PREFIXES_MAX = 256;
const TRACKERS_MAX = 64;

const whose = z.enum(['watched', 'all', 'none'], { error: 'is watched, all or none' }).default('watched');

const network = z.string({ error: 'is a list of networks like 203.0.113.0/24' }).transform((text, context) => {
  try {
    return readNetworks(text, undefined)[0]!;
  } catch {
    context.addIssue({ code: 'custom', message: `has ${JSON.stringify(text)}, which is no network like 203.0.113.0/24` });
    return z.NEVER;
  }
});

const prefixes = z
  .array(network, { error: 'is a list of networks like 203.0.113.0/24' })
  .max(PREFIXES_MAX, `has more than ${PREFIXES_MAX} networks`)
  .default([]);

const tracker = z.url({ protocol: /^(https?|udp)$/, error: 'holds something that is no http, https or udp address' });

const label = z
  .union([z.string(), z.number(), z.boolean()], { error: 'is no text' })
  .transform(String)
  .pipe(z.string().max(1_024, 'is too long'));

/** RFC 3339 with its zone, so that nobody has to guess whose evening is meant. YAML alone would take it for text, which is right. */
const moment = z.iso
  .datetime({ offset: true, error: 'is a moment like 2026-12-01T22:00:00Z, with its zone' })
  .transform((text) => Math.floor(Date.parse(text) / 1_000));

const maintenance = z
  .array(
    z
      .strictObject({ from: moment, until: moment }, { error: 'is a window, written as "from: ..." and "until: ..."' })
      .refine(({ from, until }) => from < until, 'ends before it begins'),
    { error: 'is a list of windows, each with "from" and "until"' },
  )
  .max(MAINTENANCE_MAX / 2, `has more than ${MAINTENANCE_MAX / 2} windows`)
  .default([]);

const entrySchema = z.strictObject(
  {
    torrent: z.string({ error: 'is missing: a magnet link, an infohash, or the path of a .torrent file' }).min(1, 'is empty'),
    name: z.string({ error: 'is no text' }).max(1_024, 'is too long').optional(),
    labels: z
      .record(z.string().max(64, 'has a name that is too long'), label, { error: 'are written as NAME: VALUE' })
      .refine((labels) => Object.keys(labels).length <= NAMED_MAX, `are more than ${NAMED_MAX}`)
      .default({}),
    objectives: z
      .partialRecord(z.enum(OBJECTIVES), z.number({ error: 'is no number' }).min(0, 'is below 0'), {
        error: `may only be ${OBJECTIVES.join(', ')}`,
      })
      .default({}),
    verify: z.boolean({ error: 'of an entry is true or false' }).default(true),
    announce: z.boolean({ error: 'of an entry is true or false' }).default(true),
    outside_prefixes: prefixes,
    maintenance,
    trackers: z
      .array(tracker, { error: 'is a list of addresses' })
      .max(TRACKERS_MAX, `are more than ${TRACKERS_MAX}`)
      .default([]),
  },
  { error: 'is no entry: an entry is written as "torrent: ...", with its other keys beneath' },
);

const listSchema = z.strictObject(
  {
    verify: whose,
    announce: whose,
    outside_prefixes: prefixes,
    maintenance,
    torrents: z
      .array(entrySchema, { error: 'is a list: each entry begins with "- torrent: ..."' })
      .max(ENTRIES_MAX, `has more than ${ENTRIES_MAX} entries`)
      .nullish()
      .transform((entries) => entries ?? []),
  },
  { error: 'a watch list is written as "torrents:" with a list beneath' },
);

export type WatchlistDocument = z.output<typeof listSchema>;
export type DocumentEntry = WatchlistDocument['torrents'][number];

/** A path in the document: keys and indices. */
export type Place = readonly (string | number)[];

/** A checked document, and where its parts stand. */
export interface ReadDocument {
  readonly list: WatchlistDocument;
  /** To be edited and written back, comments kept. */
  readonly yaml: Document;
  /** `FILE:LINE` of a part. */
  where(place: Place): string;
}

/** Reads the text of a watch list; `file` names it in sentences. Throws one sentence (a Failure) for what is wrong. */
export function readDocument(text: string, file: string): ReadDocument {
  if (text.length > FILE_CHARACTERS_MAX) throw usageFailure(`${file} is too large for a watch list`);
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const where = (place: Place) => `${file}:${lineOf(yaml, place, lines)}`;
  const [error] = yaml.errors;
  if (error) throw usageFailure(`${file}:${lines.linePos(error.pos[0]).line}: ${sentence(error.message)}`);
  quoteInfohashes(yaml);
  const result = listSchema.safeParse(plain(yaml, file) ?? {});
  if (!result.success) throw usageFailure(explain(result.error.issues[0]!, where));
  return { list: result.data, yaml, where };
}

/** The document as plain values. Aliases that multiply (a billion laughs) are refused by the parser. */
function plain(yaml: Document, file: string): unknown {
  try {
    return yaml.toJS();
  } catch (error) {
    throw usageFailure(`${file}: ${sentence((error as Error).message)}`);
  }
}

/** An infohash of digits alone is a number to YAML: what was written is meant. */
function quoteInfohashes(yaml: Document): void {
  const entries = yaml.get('torrents', true);
  if (!isNode(entries) || !('items' in entries)) return;
  for (const entry of entries.items as unknown[]) {
    const node = isMap(entry) ? entry.get('torrent', true) : undefined;
    if (isScalar(node) && typeof node.value === 'number' && node.source) node.value = node.source;
  }
}

/** The line of a part; of its key where it has one; of the nearest part around it that has a place. */
function lineOf(yaml: Document, place: Place, lines: LineCounter): number {
  for (let length = place.length; length > 0; length--) {
    const parent = yaml.getIn(place.slice(0, length - 1), true);
    const last = place[length - 1];
    const pair = isMap(parent)
      ? (parent.items as Pair[]).find((item) => isScalar(item.key) && item.key.value === last)
      : undefined;
    const node = pair?.key ?? yaml.getIn(place.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function explain(issue: z.core.$ZodIssue, where: (place: Place) => string): string {
  const place = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known = knownAt(place);
    return `${where([...place, key])}: ${JSON.stringify(key)} is not known here; there are ${known.join(', ')}`;
  }
  const name = place.findLast((key) => typeof key === 'string');
  const isItem = typeof place.at(-1) === 'number' && place.length === 2;
  const subject = isItem ? `entry ${Number(place.at(-1)) + 1}` : name === undefined ? '' : JSON.stringify(name);
  return `${where(place)}: ${subject} ${issue.message}`.replace(':  ', ': ');
}

function knownAt(place: Place): readonly string[] {
  if (place.at(-1) === 'objectives') return OBJECTIVES;
  if (place.at(-2) === 'maintenance') return ['from', 'until'];
  return Object.keys(place.length === 0 ? listSchema.shape : entrySchema.shape);
}

/** The first line of a library's message. */
function sentence(message: string): string {
  return message.split('\n')[0]!.replace(/:$/, '');
}
