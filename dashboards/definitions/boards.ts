// All boards, in the order of the menu, and where to find a panel in them.
import { type Board, type Panel, panelsOf } from './board.ts';
import { DHT } from './boards/dht.ts';
import { HOME } from './boards/home.ts';
import { OVERVIEW } from './boards/overview.ts';
import { PIPELINE } from './boards/pipeline.ts';
import { TORRENT } from './boards/torrent.ts';
import { WATCH_LIST } from './boards/watch-list.ts';

export const BOARDS: readonly Board[] = [OVERVIEW, WATCH_LIST, TORRENT, DHT, PIPELINE];

/** The first view of the built-in page; its panels are those of other boards. */
export { HOME };

/** The board that a swarm is looked at with. */
export const TORRENT_UID = TORRENT.uid;

export function boardOf(uid: string): Board | undefined {
  return [HOME, ...BOARDS].find((board) => board.uid === uid);
}

export function panelOf(board: Board, id: string): Panel | undefined {
  return panelsOf(board).find((panel) => panel.id === id);
}

/** The types of the variables of a board, by name. */
export function variableTypes(board: Board): Record<string, string> {
  return Object.fromEntries(board.variables.map((variable) => [variable.name, variable.type]));
}
