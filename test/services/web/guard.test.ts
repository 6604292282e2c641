// The guard of the page: host names, other sites, passwords.
import type { IncomingMessage } from 'node:http';
import { ConfigError } from '@swarmscope/runtime/config.ts';
import { Guard, isLoopback } from '@swarmscope/web/guard.ts';
import { describe, expect, test } from 'vitest';

const request = (headers: Record<string, string | undefined>, method = 'GET') =>
  ({ headers, method }) as unknown as IncomingMessage;
const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;

describe('host names', () => {
  const guard = new Guard({ address: '127.0.0.1' }, () => 0);

  test.each(['127.0.0.1:8080', 'localhost:8080', 'LOCALHOST', '[::1]:8080', '127.9.9.9'])('%s is this machine', (host) => {
    expect(guard.check(request({ host }))).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '[::2]',
    '1270.0.0.1',
    'a b',
    '127.0.0.1:8080:1',
  ])('%s is refused: a name may point anywhere', (host) => {
    expect(guard.check(request({ host }))?.status).toBe(403);
  });

  test('named hosts are admitted', () => {
    const behindProxy = new Guard({ address: '127.0.0.1', hosts: ['swarms.example'] }, () => 0);
    expect(behindProxy.check(request({ host: 'swarms.example' }))).toBeUndefined();
    expect(behindProxy.check(request({ host: 'other.example' }))?.status).toBe(403);
  });
});

describe('other sites', () => {
  const guard = new Guard({ address: '127.0.0.1' }, () => 0);
  const from = (site: string, mode: string, method = 'GET') =>
    guard.check(request({ host: 'localhost', 'sec-fetch-site': site, 'sec-fetch-mode': mode }, method));

  test('may link here, and nothing else', () => {
    expect(from('cross-site', 'navigate')).toBeUndefined();
    expect(from('cross-site', 'no-cors')?.status).toBe(403);
    expect(from('cross-site', 'navigate', 'POST')?.status).toBe(403);
    expect(from('same-origin', 'cors')).toBeUndefined();
    expect(from('none', 'navigate')).toBeUndefined();
  });
});

describe('passwords', () => {
  test('are needed beyond loopback, and only there', () => {
    for (const address of ['0.0.0.0', '::', '192.0.2.1', 'example.org'])
      expect(() => new Guard({ address }, () => 0)).toThrow(ConfigError);
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
      expect(isLoopback(address)).toBe(true);
      expect(() => new Guard({ address }, () => 0)).not.toThrow();
    }
  });

  const open = (now: () => number) => new Guard({ address: '0.0.0.0', password: 'correct horse' }, now);

  test('the right one opens, whatever the user name; anything else does not', () => {
    const guard = open(() => 0);
    const ask = (authorization?: string) => guard.check(request({ host: '192.0.2.1:8080', authorization }))?.status;
    expect(ask(basic('correct horse'))).toBeUndefined();
    expect(ask()).toBe(401);
    for (const wrong of [basic(''), basic('correct horse '), 'Bearer correct horse', 'Basic ===', 'Basic', basic('correct')])
      expect(ask(wrong)).toBe(401);
  });

  test('too many wrong ones close the door for everybody until the next minute', () => {
    let now = 0;
    const guard = open(() => now);
    const ask = (password: string) => guard.check(request({ host: 'x.example', authorization: basic(password) }))?.status;
    for (let i = 0; i < 20; i++) expect(ask(`guess ${i}`)).toBe(401);
    expect(ask('correct horse')).toBe(429);
    now = 60_001;
    expect(ask('correct horse')).toBeUndefined();
  });
});
