// Keeps a window of questions under way while it is its turn.

/** Lost datagrams would hold their places in the window for ever. Long: on a busy machine nothing may come for a while though nothing is lost. */
const STALL_MS = 250;

export interface Asking {
  /** One question was answered. */
  answered(): void;
  count(): number;
  turn(isOn: boolean): void;
}

/** `ask` sends one question; whoever hears the answer calls `answered`, which asks the next. */
export function asking(window: number, ask: () => void): Asking {
  let count = 0;
  let isOn = false;
  let before = -1;
  const fill = () => {
    for (let i = 0; i < window; i += 1) ask();
  };
  setInterval(() => {
    if (isOn && count === before) fill();
    before = count;
  }, STALL_MS);
  return {
    answered() {
      count += 1;
      if (isOn) ask();
    },
    count: () => count,
    turn(next) {
      isOn = next;
      if (isOn) fill();
    },
  };
}
