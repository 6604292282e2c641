// The deadlines of many sessions in one binary heap, each session with its own place in it: the next one is known without a poll over all.

/** A thing with at most one place in the heap. `heapIndex` belongs to the heap: -1 when absent. */
export interface Timed {
  dueMs: number;
  heapIndex: number;
}

/** Earliest first. `set` inserts, moves or (Infinity) removes in O(log n). */
export class Deadlines<T extends Timed> {
  readonly #heap: T[] = []; // bound: one entry per live session; the transport caps sessions

  get size(): number {
    return this.#heap.length;
  }

  /** When the earliest is due; Infinity when none. */
  next(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  set(item: T, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      this.remove(item);
      return;
    }
    if (item.heapIndex < 0) {
      item.dueMs = dueMs;
      item.heapIndex = this.#heap.length;
      this.#heap.push(item);
      this.#up(item.heapIndex);
      return;
    }
    const before = item.dueMs;
    if (dueMs === before) return;
    item.dueMs = dueMs;
    if (dueMs < before) this.#up(item.heapIndex);
    else this.#down(item.heapIndex);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    const last = this.#heap.pop()!;
    item.heapIndex = -1;
    if (last === item) return;
    this.#heap[index] = last;
    last.heapIndex = index;
    this.#up(index);
    this.#down(last.heapIndex);
  }

  /** Removes and returns the earliest if it is due at `nowMs`. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (!first || first.dueMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  #up(start: number): void {
    const heap = this.#heap;
    const item = heap[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (above.dueMs <= item.dueMs) break;
      heap[index] = above;
      above.heapIndex = index;
      index = parent;
    }
    heap[index] = item;
    item.heapIndex = index;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const item = heap[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++;
      const below = heap[child]!;
      if (below.dueMs >= item.dueMs) break;
      heap[index] = below;
      below.heapIndex = index;
      index = child;
    }
    heap[index] = item;
    item.heapIndex = index;
  }
}
