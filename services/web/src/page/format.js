// Figures, times and words as people read them; what is missing is said to be unknown.

/** @import { PanelColumn } from './types.d.ts' */

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A cell as a number, or null where it is missing.
 * @param {unknown} value
 * @returns {number | null} */
export function numberOf(value) {
  return value === null || value === undefined || value === '' ? null : Number(value);
}

/** A cell that is a moment, in epoch seconds: ClickHouse writes it as text in UTC.
 * @param {unknown} value
 * @returns {number | null} */
export function secondsOf(value) {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(`${value.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

/** A figure in its unit, in full.
 * @param {number | null} value
 * @param {PanelColumn['unit']} unit
 * @returns {string} */
export function figure(value, unit) {
  if (value === null) return 'unknown';
  switch (unit) {
    case 'bytes':
      return bytes(value);
    case 'ms':
      return value >= 10_000 ? duration(value / 1000) : `${oneDigit.format(value)} ms`;
    case 's':
      return duration(value);
    case 'percent':
      return `${oneDigit.format(value)} %`;
    case 'per_second':
      return `${value !== 0 && value < 10 ? twoDigits.format(value) : oneDigit.format(value)}/s`;
    case 'copies':
      return twoDigits.format(value);
    case 'yes_no':
      return value === 0 ? 'no' : 'yes';
    default:
      return Number.isInteger(value) ? integer.format(value) : oneDigit.format(value);
  }
}

/** The same, short, for an axis.
 * @param {number} value
 * @param {PanelColumn['unit']} unit
 * @returns {string} */
export function axisFigure(value, unit) {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'percent') return `${oneDigit.format(value)} %`;
  if (unit === 'ms') return `${compact.format(value)} ms`;
  return compact.format(value);
}

/** @param {number} value */
function bytes(value) {
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < BYTES.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? integer.format(size) : oneDigit.format(size)} ${BYTES[unit]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${oneDigit.format(seconds / 3600)} h`;
  return `${oneDigit.format(seconds / 86_400)} days`;
}

/** How long ago, seen from the end of the time range.
 * @param {number} seconds
 * @param {number} nowS */
export function ago(seconds, nowS) {
  const since = nowS - seconds;
  return since < 5 ? 'just now' : `${duration(since)} ago`;
}

/** A moment in full, in the reader's own time.
 * @param {number} seconds */
export function moment(seconds) {
  return new Date(seconds * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A moment on an axis whose labels are `stepS` apart.
 * @param {number} seconds
 * @param {number} stepS */
export function axisMoment(seconds, stepS) {
  const date = new Date(seconds * 1000);
  const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (stepS >= 86_400 || isMidnight) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  return date.toLocaleTimeString(
    'en-GB',
    stepS < 60 ? { hour: '2-digit', minute: '2-digit', second: '2-digit' } : { hour: '2-digit', minute: '2-digit' },
  );
}

/** The tone of a figure: that of the last step that it reaches, else the column's own.
 * @param {PanelColumn} column
 * @param {number | null} value */
export function toneOf(column, value) {
  if (!column.steps) return column.tone ?? 'plain';
  if (value === null) return 'unknown';
  return column.steps.findLast((step) => step.from === null || value >= step.from)?.tone ?? 'plain';
}
