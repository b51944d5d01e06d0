/**
 * The events of a session that the panel shows, so that a closed panel can be filled
 * again. Deltas are merged, and dropped when the event with the complete text arrives.
 * Memory is bounded by dropping the oldest events.
 */
import type { Event } from "./protocol";

/** The most events, and the most characters in them. */
const maxEvents = 5000;
const maxChars = 8 << 20;

const merged = new Set(["textDelta", "reasoningDelta", "toolOutput"]);

export class Transcript {
  private list: Event[] = [];
  private chars = 0;
  /** number of the last journalled event */
  lastSeq = 0;
  /** older events were dropped */
  cut = false;

  get events(): readonly Event[] {
    return this.list;
  }

  /** Adds an event; false: it is already known. */
  add(event: Event): boolean {
    if (event.seq !== undefined) {
      if (event.seq <= this.lastSeq) return false;
      this.lastSeq = event.seq;
    }
    if (event.kind === "rewound") this.rewind(event.toTurnId);
    this.replaceDeltas(event);
    const last = this.list.at(-1);
    if (last && mergeable(last, event)) {
      this.list[this.list.length - 1] = { ...last, delta: (last.delta ?? "") + (event.delta ?? "") };
      this.chars += event.delta?.length ?? 0;
    } else {
      this.list.push(event);
      this.chars += size(event);
    }
    this.trim();
    return true;
  }

  clear(): void {
    this.list = [];
    this.chars = 0;
    this.lastSeq = 0;
    this.cut = false;
  }

  /** The turn that has not ended yet. */
  openTurn(): { sessionId: string; turnId: string } | undefined {
    const last = this.list.findLast((event) => event.kind === "turnStarted" || event.kind === "turnFinished");
    if (last?.kind !== "turnStarted" || !last.turnId) return undefined;
    return { sessionId: last.sessionId, turnId: last.turnId };
  }

  /** The last configured value of a setting. */
  configured(name: "mode" | "model"): string | undefined {
    return this.list.findLast((event) => event.kind === "configured" && event[name])?.[name];
  }

  private replaceDeltas(event: Event): void {
    const gone = (old: Event): boolean =>
      old.turnId === event.turnId &&
      ((event.kind === "message" && event.role === "assistant" && old.kind === "textDelta") ||
        (event.kind === "toolFinished" && old.kind === "toolOutput" && old.callId === event.callId));
    if (event.kind !== "message" && event.kind !== "toolFinished") return;
    this.keep((old) => !gone(old));
  }

  /** Removes the turn and all after it. Undoing a rewind restores no events, so the caller reads them again. */
  private rewind(turnId: string | undefined): void {
    const from = this.list.findIndex((event) => event.turnId === turnId);
    if (from >= 0) this.keep((_, i) => i < from);
  }

  private keep(wanted: (event: Event, index: number) => boolean): void {
    this.list = this.list.filter(wanted);
    this.chars = this.list.reduce((sum, event) => sum + size(event), 0);
  }

  private trim(): void {
    if (this.list.length <= maxEvents && this.chars <= maxChars) return;
    let drop = 0;
    while (drop < this.list.length - 1 && (this.list.length - drop > maxEvents * 0.9 || this.chars > maxChars * 0.9)) {
      this.chars -= size(this.list[drop] as Event);
      drop++;
    }
    this.list = this.list.slice(drop);
    this.cut = true;
  }
}

/** Whether event only continues the text of last. */
export function mergeable(last: Event, event: Event): boolean {
  return (
    merged.has(event.kind) && last.kind === event.kind && last.turnId === event.turnId && last.callId === event.callId
  );
}

function size(event: Event): number {
  return 200 + (event.delta?.length ?? 0) + (event.text?.length ?? 0) + (event.arguments?.length ?? 0);
}
