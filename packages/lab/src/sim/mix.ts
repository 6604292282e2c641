// One small integer hash: how the lab makes stable choices (a node's neighbours, a token, a payload) without storing them.

/** A well mixed 32-bit value of up to four numbers; the same numbers give the same value. Not for secrets. */
export function mix32(a: number, b = 0, c = 0, d = 0): number {
  let h = 0x9e3779b9;
  for (const part of [a, b, c, d]) {
    h = Math.imul(h ^ part, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** A 32-bit value of a text: for addresses of either family. */
export function mixText(text: string, seed = 0): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h);
}

/** `count` different members of `list` (all when there are no more), chosen by `seed`: a partial Fisher-Yates over the places that are touched. */
export function drawn<T>(list: readonly T[], count: number, seed: number): T[] {
  if (count >= list.length) return [...list];
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const j = i + (mix32(seed, i) % (list.length - i));
    const pick = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return list[pick]!;
  });
}

/** The numbers 0 to length-1 in an order that the seed decides. */
export function shuffled(length: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = mix32(seed, i) % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
