// A binary heap of items by a number: what comes next by place in the id space, or by time.
export class MinHeap<T> {
  readonly #items: T[] = []; // bound: the caller's items, each in it once
  readonly #keys: number[] = []; // bound: as #items

  get size(): number {
    return this.#items.length;
  }

  /** The smallest key; Infinity when empty. */
  get nextKey(): number {
    return this.#keys[0] ?? Number.POSITIVE_INFINITY;
  }

  clear(): void {
    this.#items.length = 0;
    this.#keys.length = 0;
  }

  /** Keeps only what `keeps` says. */
  retain(keeps: (item: T) => boolean): void {
    const kept = this.#items.map((item, i) => [item, this.#keys[i]!] as const).filter(([item]) => keeps(item));
    this.clear();
    for (const [item, key] of kept) this.push(item, key);
  }

  push(item: T, key: number): void {
    const items = this.#items;
    const keys = this.#keys;
    let at = items.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      items[at] = items[parent]!;
      keys[at] = keys[parent]!;
      at = parent;
    }
    items[at] = item;
    keys[at] = key;
  }

  pop(): T | undefined {
    const items = this.#items;
    const keys = this.#keys;
    const first = items[0];
    const item = items.pop();
    const key = keys.pop()!;
    if (item === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      items[at] = items[child]!;
      keys[at] = keys[child]!;
      at = child;
    }
    items[at] = item;
    keys[at] = key;
    return first;
  }
}
