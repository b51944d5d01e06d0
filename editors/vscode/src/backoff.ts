/** Decides when to restart a server that has ended by itself. It uses only the given clock. */

const firstDelay = 500;
const longestDelay = 15_000;
/** After this many ends within the window, another restart would not help. */
const mostEnds = 5;
const window = 3 * 60_000;

export class Backoff {
  private ends: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** Milliseconds to wait before the next start, or undefined: give up and tell the user. */
  next(): number | undefined {
    const now = this.now();
    this.ends = this.ends.filter((end) => now - end < window);
    this.ends.push(now);
    if (this.ends.length > mostEnds) return undefined;
    return Math.min(longestDelay, firstDelay * 2 ** (this.ends.length - 1));
  }

  /** Forgets earlier ends, because the user has asked for a start. */
  reset(): void {
    this.ends = [];
  }
}

/** Waits for that time, or until signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
