/** Batches events for the panel. It does not use VS Code. */
import type { Event } from "./protocol";
import { mergeable } from "./transcript";

/** Milliseconds of one batch. */
const moment = 16;

export class Gather {
  private buffer: Event[] = [];
  private timer?: NodeJS.Timeout;

  constructor(private readonly post: (events: Event[]) => void) {}

  add(event: Event): void {
    const last = this.buffer.at(-1);
    if (last && mergeable(last, event)) last.delta = (last.delta ?? "") + (event.delta ?? "");
    else this.buffer.push({ ...event });
    this.timer ??= setTimeout(() => this.flush(), moment);
  }

  flush(): void {
    const events = this.buffer;
    this.clear();
    if (events.length > 0) this.post(events);
  }

  /** Drops the current batch. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.buffer = [];
  }
}
