// What happens when an assumption of the program itself turns out wrong: the service shell is told, nobody below it goes on.

/** Receives the error of a broken invariant; in a service it logs, flushes and ends the process. */
export type OnInvariant = (error: unknown) => void;

/** The default where no service shell is present (tests, scripts): the error becomes an uncaught exception. */
export const raiseInvariant: OnInvariant = (error) => {
  queueMicrotask(() => {
    throw error;
  });
};
