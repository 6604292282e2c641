// When a command is asked to end: Ctrl-C and SIGTERM abort one signal that everything waits on; a second Ctrl-C ends at once.
import type { Terminal } from './terminal.ts';

const EXIT_INTERRUPTED = 130;

/** Aborted by the first SIGINT or SIGTERM. Call once a process. */
export function stopRequested(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  const ask = () => {
    if (controller.signal.aborted) {
      terminal.say('swarmscope: ended at once; what was not yet stored is lost');
      process.exit(EXIT_INTERRUPTED);
    }
    controller.abort();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return controller.signal;
}

/** Kept after `ms`, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}
