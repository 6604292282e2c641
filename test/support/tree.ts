// The project's own sources as parsed trees: what test/tidy.test.ts checks its rules on.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** One import of a source file: what it names, and whether only types cross. */
interface Import {
  specifier: string;
  typeOnly: boolean;
  line: number;
}

/** A syntax node as the parser gives it: a type, a byte range, and children by name. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** One TypeScript file of the project. */
export interface Source {
  path: string;
  text: string;
  lines: string[];
  imports: Import[];
  program: Node;
}

/** Files git tracks or would track (not ignored), below the given folders, that end in .ts. */
export function sourcePaths(...folders: string[]): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...folders], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return [...new Set(out.split('\n'))].filter((path) => path.endsWith('.ts')).sort();
}

/** Line number (from 1) of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = 0; i < offset; i++) if (text.charCodeAt(i) === 10) line++;
  return line;
}

/** Reads and parses one file; a syntax error throws with its place. */
export function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const parsed = parseSync(path, text, { lang: 'ts', sourceType: 'module' });
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`);
  const program = parsed.program as unknown as Node;
  return { path, text, lines: text.split('\n'), imports: findImports(program, text), program };
}

/** Calls `visit` for every node below `node`, parents first. */
export function walk(node: unknown, visit: (node: Node, parents: readonly Node[]) => void, parents: readonly Node[] = []): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit, parents);
    return;
  }
  if (typeof node !== 'object' || node === null || typeof (node as Node).type !== 'string') return;
  visit(node as Node, parents);
  const below = [...parents, node as Node];
  for (const key of Object.keys(node)) if (key !== 'type') walk((node as Node)[key], visit, below);
}

function findImports(program: Node, text: string): Import[] {
  const found: Import[] = [];
  walk(program, (node) => {
    if (node.type === 'ImportDeclaration' || node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') {
      const source = node['source'] as { value?: string } | null;
      if (!source?.value) return;
      const kind = node['importKind'] ?? node['exportKind'];
      const names = (node['specifiers'] ?? []) as Node[];
      const typeOnly =
        kind === 'type' || (names.length > 0 && names.every((name) => (name['importKind'] ?? name['exportKind']) === 'type'));
      found.push({ specifier: source.value, typeOnly, line: lineAt(text, node.start) });
    }
    if (node.type === 'ImportExpression') {
      const source = node['source'] as { value?: unknown };
      if (typeof source.value === 'string')
        found.push({ specifier: source.value, typeOnly: false, line: lineAt(text, node.start) });
    }
  });
  return found;
}

/** The room of a path or import: `bittorrent`, `dht-crawler`, `dashboards/definitions`, ... or undefined outside them. */
export function roomOf(path: string): string | undefined {
  const match = /^(?:packages|services)\/([^/]+)\//.exec(path) ?? /^(dashboards\/[^/]+)\//.exec(path);
  return match?.[1];
}

/** Where an import leads: a room of the project, an npm package, or a Node built-in. */
export function targetOf(source: Source, specifier: string): { kind: 'room' | 'npm' | 'node'; name: string; path?: string } {
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier };
  if (specifier.startsWith('.')) {
    const path = relative(ROOT, resolve(ROOT, dirname(source.path), specifier));
    return { kind: 'room', name: roomOf(path) ?? path.split('/')[0]!, path };
  }
  const own = /^@swarmscope\/([^/]+)(?:\/([^/]+))?/.exec(specifier);
  if (own) return { kind: 'room', name: own[1] === 'dashboards' ? `dashboards/${own[2]}` : own[1]!, path: specifier };
  return {
    kind: 'npm',
    name: specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  };
}
