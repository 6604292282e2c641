// Configuration: zod schemas whose values come from SWARMSCOPE_* variables or a plain object; errors are one sentence; the reference is printed from the schema.
import { z } from 'zod';

/** The configuration is wrong; `message` is one sentence for the operator. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What a setting is, for errors and the printed reference. */
interface About {
  readonly kind: string;
  readonly meaning: string;
  readonly secret?: boolean;
}

const abouts = z.registry<About>();

/**
 * One setting: `read` takes the text of a variable, or a value already of the right type, and answers undefined when it is neither.
 * `kind` completes the sentence "NAME must be ...", or "NAME must be set (...)" when it is missing. Chain `.default(...)` or `.optional()` for what may be left out.
 */
function setting<T>(about: About, read: (value: unknown) => T | undefined): z.ZodType<T> {
  const type = z.unknown().transform((value, context) => {
    const result = read(value);
    if (result !== undefined) return result;
    const not = about.secret ? 'which it is not' : `not ${JSON.stringify(value)}`;
    const message = value === undefined ? `must be set (${about.kind})` : `must be ${about.kind}, ${not}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }) as unknown as z.ZodType<T>;
  return type.register(abouts, about);
}

/** Text that is not empty. A secret is never printed. */
export function text(meaning: string, options: { secret?: boolean } = {}): z.ZodType<string> {
  const secret = options.secret ?? false;
  return setting({ kind: 'text', meaning, secret }, (value) => (typeof value === 'string' && value !== '' ? value : undefined));
}

export function integer(meaning: string, min: number, max: number): z.ZodType<number> {
  return setting({ kind: `an integer from ${min} to ${max}`, meaning }, (value) => {
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

/** `true`, `1`, `yes`, `on`, and their opposites. */
export function toggle(meaning: string): z.ZodType<boolean> {
  return setting({ kind: 'true or false', meaning }, (value) => {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') return undefined;
    if (/^(true|1|yes|on)$/i.test(value)) return true;
    return /^(false|0|no|off)$/i.test(value) ? false : undefined;
  });
}

export function oneOf<const W extends string>(meaning: string, words: readonly W[]): z.ZodType<W> {
  return setting({ kind: `one of ${words.join(', ')}`, meaning }, (value) => words.find((word) => word === value));
}

/** Comma-separated, spaces around the entries ignored; each entry is checked by `check`, which may throw a sentence. */
export function listOf(meaning: string, what: string, check: (entry: string) => boolean = () => true): z.ZodType<string[]> {
  return setting({ kind: `a comma-separated list of ${what}`, meaning }, (value) => {
    const entries = typeof value === 'string' ? value.split(',').map((entry) => entry.trim()) : value;
    if (!Array.isArray(entries)) return undefined;
    const full = entries.filter((entry): entry is string => typeof entry === 'string' && entry !== '');
    return full.every(check) ? full : undefined;
  });
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[v6]:port`; port 0 where any free one will do. */
export function parseHostPort(value: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(value);
  if (!match || Number(match[3]) > 65_535) return undefined;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

export function hostPort(meaning: string): z.ZodType<HostPort> {
  return setting({ kind: 'HOST:PORT', meaning }, (value) => {
    if (typeof value === 'string') return parseHostPort(value);
    const given = value as Partial<HostPort> | null | undefined;
    return typeof given?.host === 'string' && typeof given.port === 'number' ? { host: given.host, port: given.port } : undefined;
  });
}

/** `queriesPerSecond` is set by SWARMSCOPE_QUERIES_PER_SECOND. */
export function variableOf(key: string): string {
  return `SWARMSCOPE_${key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Reads every key of `schema`: what `given` has, else its variable (an empty one counts as unset), else its default. Throws ConfigError. */
export function readConfig<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, unknown>> = {},
): z.output<S> {
  const unknown = Object.keys(given).find((key) => !(key in schema.shape));
  if (unknown !== undefined) throw new ConfigError(`There is no setting "${unknown}".`);
  const input = Object.fromEntries(
    Object.keys(schema.shape).map((key) => [key, given[key] ?? (environment[variableOf(key)] || undefined)]),
  );
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const key = issue.path[0];
  if (typeof key !== 'string') throw new ConfigError(issue.message);
  throw new ConfigError(`${given[key] === undefined ? variableOf(key) : key} ${issue.message}.`);
}

/** The schema as a markdown table: variable, kind, default, meaning. */
export function configReference(schema: z.ZodObject): string {
  const rows = Object.entries(schema.shape).map(([key, type]) => {
    const about = aboutOf(type as z.ZodType);
    const cells = [`\`${variableOf(key)}\``, about?.kind ?? '', defaultOf(type as z.ZodType), about?.meaning ?? ''];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| variable | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** Wrappers (default, optional) hide what they wrap. */
function aboutOf(type: z.ZodType): About | undefined {
  const inner = (type.def as { innerType?: z.ZodType }).innerType;
  return abouts.get(type) ?? (inner && aboutOf(inner));
}

function defaultOf(type: z.ZodType): string {
  const result = type.safeParse(undefined);
  if (!result.success) return '(required)';
  if (result.data === undefined) return '(none)';
  const plain = Array.isArray(result.data) ? result.data.join(',') : textOf(result.data);
  return plain === '' ? '(empty)' : `\`${plain}\``;
}

function textOf(value: unknown): string {
  const { host, port } = (value ?? {}) as Partial<HostPort>;
  return host === undefined ? String(value) : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
