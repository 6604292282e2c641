// The first view of the built-in page: the watch list, what fires, and how the torrents are; panels of other boards, each with its own id.
import type { Board } from '../board.ts';
import { NETWORK } from '../variables.ts';
import { ALL_TORRENTS, AT_RISK, PEERS, STATES } from './overview.ts';
import { ALERT_TABLE, WATCH_SUMMARY, WATCH_TABLE } from './watch-list.ts';

export const HOME: Board = {
  uid: 'swarmscope-home',
  title: 'Home',
  description: 'The watch list, what fires, and how the torrents are that were measured.',
  range: '24h',
  refreshS: 30,
  variables: [NETWORK],
  annotations: [],
  rows: [
    { height: 4, panels: [STATES, PEERS] },
    { height: 4, panels: [WATCH_SUMMARY] },
    { height: 8, panels: [WATCH_TABLE] },
    { height: 6, panels: [ALERT_TABLE] },
    { height: 12, panels: [ALL_TORRENTS] },
    { height: 10, panels: [AT_RISK] },
  ],
};
