// Settings of the page as a process of its own, over a ClickHouse server.
import { hostPort, listOf, text } from '@swarmscope/runtime/config.ts';
import { processSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';

export const webConfig = z.object({
  ...processSettings,
  webListen: hostPort('Where the page is served; beyond loopback only with a password.').default({
    host: '127.0.0.1',
    port: 8_080,
  }),
  webPassword: text('Password of the page (any user name); needed beyond loopback.', { secret: true }).optional(),
  webHosts: listOf('Host names that the page is reached by, as behind a proxy.', 'host names', (name) =>
    /^[a-z0-9.-]+$/i.test(name),
  ).default([]),
  clickhouseUrl: text('ClickHouse server: http://user:password@host:8123/database.', { secret: true }),
});
