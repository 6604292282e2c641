// Colours by meaning, for dark and light grounds: proved is solid, claimed is pale, lies are red, the unknown is grey.

export type Tone =
  | 'plain'
  | 'proved'
  | 'claimed'
  | 'choked'
  | 'super_seeder'
  | 'partial_seed'
  | 'leecher'
  | 'liar'
  | 'unknown'
  | 'unreachable'
  | 'good'
  | 'warn'
  | 'bad';

export interface Shade {
  readonly dark: string;
  readonly light: string;
}

export const SHADES: Readonly<Record<Tone, Shade>> = {
  plain: { dark: '#7aa2e3', light: '#2f5fb3' },
  proved: { dark: '#3fb56b', light: '#1b8a48' },
  claimed: { dark: '#a8dcb9', light: '#8fcfa6' },
  choked: { dark: '#c9d9a3', light: '#b3c681' },
  super_seeder: { dark: '#4fb3bf', light: '#1f8a97' },
  partial_seed: { dark: '#5b8def', light: '#3b6fd4' },
  leecher: { dark: '#9dbcf2', light: '#8fb0ea' },
  liar: { dark: '#ef5a5a', light: '#c92a2a' },
  unknown: { dark: '#7d8794', light: '#8a93a0' },
  unreachable: { dark: '#4a525e', light: '#c9ced6' },
  good: { dark: '#3fb56b', light: '#1b8a48' },
  warn: { dark: '#e8a838', light: '#b5740a' },
  bad: { dark: '#ef5a5a', light: '#c92a2a' },
};

/** Colours of series whose names are not known beforehand (clients, hosts), in this order. */
export const SERIES: readonly Shade[] = [
  { dark: '#7aa2e3', light: '#2f5fb3' },
  { dark: '#e8a838', light: '#b5740a' },
  { dark: '#4fb3bf', light: '#1f8a97' },
  { dark: '#c792ea', light: '#8345b5' },
  { dark: '#3fb56b', light: '#1b8a48' },
  { dark: '#f0876b', light: '#b8502f' },
  { dark: '#b9c15a', light: '#7c8420' },
  { dark: '#e58fb4', light: '#b0437a' },
];
