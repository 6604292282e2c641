// The answer to a search, made on the server: works before any script has run.
import { TORRENT_UID } from '@swarmscope/dashboards/definitions/boards.ts';
import { STATE_TONES } from '@swarmscope/dashboards/definitions/fragments.ts';
import type { Result } from './asker.ts';
import { type Html, html } from './html.ts';
import { addressOf, type Chosen } from './shell.ts';

/** A table of what was found. */
export function searchContent(text: string, result: Result, chosen: Chosen): Html {
  const rows = result.data.map((row) => Object.fromEntries(result.meta.map(({ name }, i) => [name, row[i]])));
  if (rows.length === 0)
    return html`<section class="panel w24"><p class="note">No torrent of this network has “${text}” in its name or at the beginning of its infohash.</p></section>`;
  return html`<section class="panel table w24"><header><h2>${rows.length === 50 ? 'The first 50' : rows.length} found for “${text}”</h2></header>
<div class="body"><div class="scroll"><table><thead><tr><th scope="col">Torrent</th><th scope="col">State</th><th scope="col" class="figure">Proved</th><th scope="col">Infohash</th></tr></thead>
<tbody>${rows.map((row) => found(row, chosen))}</tbody></table></div></div></section>`;
}

function found(row: Record<string, unknown>, chosen: Chosen): Html {
  const swarm = String(row['swarm']);
  const state = String(row['state']);
  const tone = STATE_TONES[state as keyof typeof STATE_TONES] ?? 'unknown';
  const proved = row['proved'] === null ? '–' : String(row['proved']);
  return html`<tr><td data-title="Torrent"><a href="/boards/${TORRENT_UID}${addressOf(chosen, { swarm })}">${String(row['name'])}</a></td>
<td data-title="State"><span class="word tone-${tone}">${state}</span></td><td class="figure" data-title="Proved">${proved}</td><td class="hex" data-title="Infohash">${swarm}</td></tr>`;
}
