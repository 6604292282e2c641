// Style is a test: the import table of the design, bounds on collections, lengths, banned globals, purpose lines.
import { describe, expect, test } from 'vitest';
import { lineAt, type Node, readSource, roomOf, type Source, sourcePaths, targetOf, walk } from './support/tree.ts';

const sources = sourcePaths('packages', 'services', 'dashboards').map(readSource);
const tests = sourcePaths('test').map(readSource);

interface Rule {
  rooms: readonly string[];
  npm: readonly string[];
}

/** The import table (docs/architecture.md): a room not listed may not be imported; npm packages likewise. */
const TABLE: Record<string, Rule> = {
  bittorrent: { rooms: [], npm: ['k-bucket'] },
  events: { rooms: [], npm: ['zod'] },
  runtime: { rooms: ['bittorrent (types)'], npm: ['zod', 'pino', 'prom-client', 'ipaddr.js'] },
  bus: { rooms: ['events'], npm: ['kafkajs'] },
  store: { rooms: ['events'], npm: ['@clickhouse/client', 'chdb'] },
  lab: { rooms: ['bittorrent', 'runtime'], npm: [] },
  'dht-crawler': { rooms: ['bittorrent', 'events', 'runtime', 'bus'], npm: ['zod'] },
  'swarm-prober': { rooms: ['bittorrent', 'events', 'runtime', 'bus'], npm: ['zod'] },
  ingest: { rooms: ['events', 'runtime', 'bus', 'store'], npm: ['zod'] },
  alerter: { rooms: ['events', 'runtime', 'bus', 'store', 'dashboards/definitions'], npm: ['zod'] },
  web: { rooms: ['events', 'runtime', 'store', 'dashboards/definitions'], npm: ['zod', 'uplot'] },
  cli: {
    rooms: [
      'bittorrent',
      'events',
      'runtime',
      'bus',
      'store',
      'lab',
      'dht-crawler',
      'swarm-prober',
      'ingest',
      'alerter',
      'web',
      'dashboards/definitions',
    ],
    npm: ['commander', 'cli-progress', 'yaml', 'zod', '@rgrove/parse-xml'],
  },
  'dashboards/definitions': { rooms: ['events', 'store (queries)'], npm: [] },
  'dashboards/grafana': { rooms: ['events', 'dashboards/definitions'], npm: ['@grafana/grafana-foundation-sdk'] },
};

/** Third-party clients that exactly one file imports, and which. */
const ONE_FILE: Record<string, string> = {
  kafkajs: 'packages/bus/src/kafka.ts',
  chdb: 'packages/store/src/embedded.ts',
  '@clickhouse/client': 'packages/store/src/http.ts',
  '@rgrove/parse-xml': 'services/cli/src/feed.ts',
  'k-bucket': 'packages/bittorrent/src/dht/table.ts',
  pino: 'packages/runtime/src/log.ts',
  'prom-client': 'packages/runtime/src/metrics.ts',
};

function allowed(rule: Rule, source: Source, specifier: string, typeOnly: boolean): boolean {
  const target = targetOf(source, specifier);
  if (target.kind === 'node') return true;
  if (target.kind === 'npm') return rule.npm.includes(target.name);
  if (target.name === roomOf(source.path) || rule.rooms.includes(target.name)) return true;
  if (typeOnly && rule.rooms.includes(`${target.name} (types)`)) return true;
  return rule.rooms.includes(`${target.name} (queries)`) && /\/queries\.ts$/.test(target.path ?? '');
}

describe('who may import whom', () => {
  test('every import is in the table', () => {
    const wrong = sources.flatMap((source) => {
      const rule = TABLE[roomOf(source.path) ?? ''];
      if (!rule) return [`${source.path}: no row in the table`];
      return source.imports
        .filter((entry) => !allowed(rule, source, entry.specifier, entry.typeOnly))
        .map((entry) => `${source.path}:${entry.line} imports ${entry.specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  test('a third-party client is imported by exactly one file', () => {
    const wrong = sources.flatMap((source) =>
      source.imports
        .map((entry) => targetOf(source, entry.specifier))
        .filter((target) => target.kind === 'npm' && target.name in ONE_FILE && ONE_FILE[target.name] !== source.path)
        .map((target) => `${source.path} imports ${target.name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('node:crypto is imported by one file of bittorrent, and nothing else of Node by the pure rooms', () => {
    const wrong = sources
      .filter(isPure)
      .flatMap((source) =>
        source.imports
          .filter((entry) => entry.specifier.startsWith('node:'))
          .map((entry) => `${source.path} imports ${entry.specifier}`),
      )
      .filter((line) => line !== 'packages/bittorrent/src/hash.ts imports node:crypto');
    expect(wrong).toEqual([]);
  });
});

/** The rooms without IO. events/src/schema-doc.ts is a command beside them: it writes docs/schema.md. */
function isPure(source: Source): boolean {
  if (source.path === 'packages/events/src/schema-doc.ts') return false;
  return /^packages\/(bittorrent|events)\/|^packages\/lab\/src\/sim\/|^dashboards\/definitions\//.test(source.path);
}

const BANNED = new Set([
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'process',
  'console',
  'EventEmitter',
  'fetch',
]);

describe('pure rooms', () => {
  test('mention no clock, timer, process, console or global randomness, and nothing asynchronous', () => {
    const wrong: string[] = [];
    for (const source of sources.filter(isPure)) {
      walk(source.program, (node, parents) => {
        const place = `${source.path}:${lineAt(source.text, node.start)}`;
        if (node['async'] === true || node.type === 'AwaitExpression') wrong.push(`${place} is asynchronous`);
        if (node.type !== 'Identifier') return;
        const parent = parents.at(-1)!;
        const isKey =
          (parent.type === 'MemberExpression' && parent['property'] === node && !parent['computed']) ||
          (parent.type === 'Property' && parent['key'] === node);
        if (!isKey && BANNED.has(node['name'] as string)) wrong.push(`${place} mentions ${node['name']}`);
        if (node['name'] === 'random' && parent.type === 'MemberExpression' && (parent['object'] as Node)['name'] === 'Math')
          wrong.push(`${place} mentions Math.random`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe('bounds', () => {
  /** A collection that lives longer than a call: a class field or a module-level binding that starts as an empty Map, Set or array. */
  function isCollection(value: Node | null | undefined): boolean {
    if (!value) return false;
    if (value.type === 'ArrayExpression') return (value['elements'] as unknown[]).length === 0;
    if (value.type !== 'NewExpression') return false;
    const name = (value['callee'] as Node)['name'];
    return (name === 'Map' || name === 'Set') && (value['arguments'] as unknown[]).length === 0;
  }

  test('every long-lived Map, Set or array says its bound', () => {
    const wrong: string[] = [];
    for (const source of sources) {
      walk(source.program, (node, parents) => {
        const isField = node.type === 'PropertyDefinition' && isCollection(node['value'] as Node);
        const depth = parents.filter(
          (parent) =>
            parent.type === 'FunctionDeclaration' ||
            parent.type === 'ArrowFunctionExpression' ||
            parent.type === 'FunctionExpression',
        ).length;
        const isModule = node.type === 'VariableDeclarator' && depth === 0 && isCollection(node['init'] as Node);
        if (!isField && !isModule) return;
        const line = lineAt(source.text, node.start);
        const near = `${source.lines[line - 2] ?? ''}\n${source.lines[line - 1] ?? ''}`;
        if (!/bound: \S/.test(near)) wrong.push(`${source.path}:${line}`);
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe('lengths and names', () => {
  test('files have at most 400 lines, main.ts at most 60', () => {
    const wrong = [...sources, ...tests]
      .filter((source) => !source.path.startsWith('test/vectors/'))
      .filter(
        (source) => source.lines.length > (source.path.endsWith('/main.ts') && source.path.startsWith('services/') ? 61 : 401),
      )
      .map((source) => `${source.path}: ${source.lines.length - 1}`);
    expect(wrong).toEqual([]);
  });

  test('functions have at most 70 lines, and 95 % of them under 40', () => {
    const lengths: { place: string; lines: number }[] = [];
    for (const source of sources) {
      walk(source.program, (node) => {
        if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
        const first = lineAt(source.text, node.start);
        lengths.push({ place: `${source.path}:${first}`, lines: lineAt(source.text, node.end) - first + 1 });
      });
    }
    expect(lengths.filter((entry) => entry.lines > 70)).toEqual([]);
    const long = lengths.filter((entry) => entry.lines >= 40);
    expect(
      long.length / Math.max(1, lengths.length),
      long.map((entry) => `${entry.place} ${entry.lines}`).join('\n'),
    ).toBeLessThanOrEqual(0.05);
  });

  test('every file opens with a sentence of purpose', () => {
    const wrong = [...sources, ...tests].filter((source) => {
      const first = source.lines[0]?.startsWith('#!') ? source.lines[1] : source.lines[0];
      return !/^\/\/ \S.{12,}/.test(first ?? '');
    });
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('no utils, helpers or common; no default exports; no I-prefixed interfaces; no enums', () => {
    const wrong: string[] = [];
    for (const source of [...sources, ...tests]) {
      if (/(^|[/.-])(utils?|helpers?|common)([/.-]|$)/i.test(source.path)) wrong.push(source.path);
      if (source.path.startsWith('test/')) continue;
      walk(source.program, (node) => {
        const place = `${source.path}:${lineAt(source.text, node.start)}`;
        if (node.type === 'ExportDefaultDeclaration') wrong.push(`${place} default export`);
        if (node.type === 'TSEnumDeclaration') wrong.push(`${place} enum`);
        if (node.type === 'TSInterfaceDeclaration' && /^I[A-Z][a-z]/.test((node['id'] as Node)['name'] as string))
          wrong.push(`${place} I-prefix`);
      });
    }
    expect(wrong).toEqual([]);
  });

  test('nothing is left unfinished', () => {
    const signs = new RegExp(
      ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X\\b', 'HA' + 'CK\\b', '@ts-' + 'ignore', '@ts-' + 'nocheck', '\\bas a' + 'ny\\b'].join(
        '|',
      ),
    );
    const wrong = [...sources, ...tests].flatMap((source) =>
      source.lines
        .map((line, i) => ({ line, place: `${source.path}:${i + 1}` }))
        .filter((entry) => signs.test(entry.line))
        .map((entry) => entry.place),
    );
    expect(wrong).toEqual([]);
  });
});
