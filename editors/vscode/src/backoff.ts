/** When to start a server again that has ended by itself. It knows no clock but the one it is given. */

const firstDelay = 500;
const longestDelay = 15_000;
/** So many ends within the window, and starting it again is no cure. */
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

  /** Forgets: the user has asked for a start. */
  reset(): void {
    this.ends = [];
  }
}

/** Waits so long, or until signal says that nobody waits any more. */
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
