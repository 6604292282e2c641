// Configuration: variables and objects, defaults, one sentence per error, the printed reference, no secret printed.
import {
  ConfigError,
  configReference,
  hostPort,
  integer,
  listOf,
  oneOf,
  parseHostPort,
  readConfig,
  text,
  toggle,
  variableOf,
} from '@swarmscope/runtime/config.ts';
import { busSettings, citizenSettings, processSettings, spoolSettings } from '@swarmscope/runtime/settings.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const schema = z.object({
  queriesPerSecond: integer('Queries in all.', 1, 10_000).default(250),
  listen: hostPort('Where | to listen.'),
  shown: toggle('Whether.').default(false),
  mode: oneOf('Which.', ['fast', 'slow']).default('slow'),
  hosts: listOf('Whom.', 'hosts').default([]),
  token: text('Secret.', { secret: true }).optional(),
});
const listen = { host: '127.0.0.1', port: 80 };

function sentence(environment: Record<string, string>, given: Record<string, unknown> = {}): string {
  try {
    readConfig(schema, environment, given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return '';
}

describe('reading', () => {
  test('variables are text, defaults fill the rest, an empty variable is none', () => {
    const environment = {
      SWARMSCOPE_QUERIES_PER_SECOND: '7',
      SWARMSCOPE_LISTEN: '[::1]:8080',
      SWARMSCOPE_SHOWN: 'yes',
      SWARMSCOPE_HOSTS: 'a, b,',
      SWARMSCOPE_MODE: '',
    };
    expect(readConfig(schema, environment)).toEqual({
      queriesPerSecond: 7,
      listen: { host: '::1', port: 8080 },
      shown: true,
      mode: 'slow',
      hosts: ['a', 'b'],
    });
  });

  test('what is given goes before variables, in its own types', () => {
    const read = readConfig(
      schema,
      { SWARMSCOPE_LISTEN: '1.2.3.4:5' },
      { listen, shown: true, hosts: ['x'], queriesPerSecond: 3 },
    );
    expect(read).toMatchObject({ listen, shown: true, hosts: ['x'], queriesPerSecond: 3 });
  });

  test.each([
    [{}, {}, 'SWARMSCOPE_LISTEN must be set (HOST:PORT).'],
    [{ SWARMSCOPE_LISTEN: '' }, {}, 'SWARMSCOPE_LISTEN must be set (HOST:PORT).'],
    [{ SWARMSCOPE_LISTEN: 'here' }, {}, 'SWARMSCOPE_LISTEN must be HOST:PORT, not "here".'],
    [{ SWARMSCOPE_LISTEN: 'a:65536' }, {}, 'SWARMSCOPE_LISTEN must be HOST:PORT, not "a:65536".'],
    [
      { SWARMSCOPE_QUERIES_PER_SECOND: '1.5' },
      { listen },
      'SWARMSCOPE_QUERIES_PER_SECOND must be an integer from 1 to 10000, not "1.5".',
    ],
    [{}, { listen, queriesPerSecond: 0 }, 'queriesPerSecond must be an integer from 1 to 10000, not 0.'],
    [{ SWARMSCOPE_MODE: 'quick' }, { listen }, 'SWARMSCOPE_MODE must be one of fast, slow, not "quick".'],
    [{ SWARMSCOPE_SHOWN: 'maybe' }, { listen }, 'SWARMSCOPE_SHOWN must be true or false, not "maybe".'],
    [{}, { listen, token: 5 }, 'token must be text, which it is not.'],
    [{}, { listen, colour: 1 }, 'There is no setting "colour".'],
  ])('%j %j: %s', (environment, given, message) => {
    expect(sentence(environment as Record<string, string>, given)).toBe(message);
  });

  test('networks are checked where they are set', () => {
    const citizen = z.object(citizenSettings);
    expect(readConfig(citizen, { SWARMSCOPE_LAB_NETWORKS: '127.0.0.0/8,::1/128' }).labNetworks).toEqual([
      '127.0.0.0/8',
      '::1/128',
    ]);
    expect(() => readConfig(citizen, { SWARMSCOPE_OPT_OUT: '10.0.0.0/40' })).toThrow(
      'must be a comma-separated list of networks',
    );
  });
});

describe('names and the reference', () => {
  test('a key is its variable', () => {
    expect(variableOf('queriesPerSecond')).toBe('SWARMSCOPE_QUERIES_PER_SECOND');
    expect(variableOf('v6Port')).toBe('SWARMSCOPE_V6_PORT');
  });

  test('host and port', () => {
    expect(parseHostPort('example.org:6881')).toEqual({ host: 'example.org', port: 6881 });
    for (const wrong of ['example.org', ':1', '::1:5', '[::1]', 'a b:1', 'a:'])
      expect(parseHostPort(wrong), wrong).toBeUndefined();
  });

  test('is a table of every setting', () => {
    expect(configReference(schema).split('\n')).toEqual([
      '| variable | value | default | meaning |',
      '|---|---|---|---|',
      '| `SWARMSCOPE_QUERIES_PER_SECOND` | an integer from 1 to 10000 | `250` | Queries in all. |',
      '| `SWARMSCOPE_LISTEN` | HOST:PORT | (required) | Where \\| to listen. |',
      '| `SWARMSCOPE_SHOWN` | true or false | `false` | Whether. |',
      '| `SWARMSCOPE_MODE` | one of fast, slow | `slow` | Which. |',
      '| `SWARMSCOPE_HOSTS` | a comma-separated list of hosts | (empty) | Whom. |',
      '| `SWARMSCOPE_TOKEN` | text | (none) | Secret. |',
    ]);
  });

  test('every shared setting says what it is', () => {
    const all = z.object({ ...processSettings, ...citizenSettings, ...busSettings, ...spoolSettings });
    for (const row of configReference(all).split('\n').slice(2))
      expect(row).toMatch(/^\| `SWARMSCOPE_\w+` \| .+ \| .+ \| .+\. \|$/);
    expect(readConfig(all, {}).network).toBe('public');
  });
});
