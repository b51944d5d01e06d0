/** The turns of the session, the newest at the bottom. The page stays there unless the user scrolls up. */
import type { PanelState, Undone } from "../messages";
import type { Usage, Event } from "../protocol";
import { button, h } from "./dom";
import { Turn, notice } from "./turn";

/** Distance from the end, in pixels, within which the page follows. */
const near = 40;
/** Turns that are drawn at once, because each takes some milliseconds. */
const atOnce = 50;
/** Milliseconds after a wheel, key or touch event in which scrolling counts as the user's. */
const userMoves = 1000;

export class Conversation {
  readonly element = h("main", {
    class: "conversation",
    role: "log",
    "aria-live": "off",
    "aria-label": "Conversation",
    tabindex: "-1",
  });
  private readonly list = h("div", { class: "turns" });
  private readonly toEnd = button("↓ Newest", () => this.follow(), { class: "to-end", hidden: true });
  private turns = new Map<string, Turn>();
  private last?: Turn;
  private frame = 0;
  private following = true;
  private top = 0;
  private moved = 0;
  private can: PanelState["can"] = { undo: false, rewind: false, diff: false, resume: false };
  private readonly more = button("Show earlier turns", () => this.showEarlier(), { class: "link", hidden: true });
  private readonly cut = notice("info", "What came before is not shown any more.");
  private earlier: readonly Event[] = [];
  private putBack: string[] = [];
  private used = { ended: [0, 0, 0], running: [0, 0, 0] };

  /** said gets the text for screen readers; head is shown while there are no turns. */
  constructor(
    private readonly said: (text: string) => void,
    head: HTMLElement,
  ) {
    this.cut.hidden = true;
    this.element.append(head, this.cut, this.more, this.list, this.toEnd);
    for (const kind of ["wheel", "keydown", "pointerdown", "touchmove"]) {
      this.element.addEventListener(kind, () => (this.moved = performance.now()), { passive: true });
    }
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    // The height of invisible turns is estimated, and changes when they are drawn.
    const sizes = new ResizeObserver(() => this.grown());
    for (const element of [this.element, this.list]) sizes.observe(element);
  }

  reset(events: readonly Event[], cut: boolean): void {
    this.turns.clear();
    this.last = undefined;
    this.used = { ended: [0, 0, 0], running: [0, 0, 0] };
    this.list.replaceChildren();
    this.cut.hidden = !cut;
    for (const event of events) this.count(event);
    this.earlier = events;
    this.showEarlier();
    this.follow();
  }

  /** Draws the turns before the first one on the page. */
  private showEarlier(): void {
    const from = beginOf(this.earlier, atOnce);
    const [{ turns, last }, below] = [this, [...this.list.children]];
    this.turns = new Map();
    this.last = undefined;
    for (const event of this.earlier.slice(from)) this.draw(event, true);
    this.list.append(...below);
    for (const [id, turn] of turns) this.turns.set(id, turn);
    this.last = last ?? this.last;
    this.earlier = this.earlier.slice(0, from);
    this.more.hidden = from === 0;
  }

  add(event: Event): void {
    this.count(event);
    this.draw(event, false);
  }

  private draw(event: Event, quiet: boolean): void {
    if (event.kind === "rewound") return this.rewind(event.toTurnId);
    if (event.kind === "reverted") return this.reverted(event, quiet);
    if (event.kind === "fileChanged" && !event.turnId) this.putBack.push(event.path ?? "");
    const turn = this.turnOf(event);
    turn.add(event);
    if (!quiet && event.kind === "turnFinished")
      this.said(`Finished: ${event.status ?? ""}. ${(event.text ?? "").slice(0, 300)}`);
  }

  allow(can: PanelState["can"]): void {
    this.can = can;
    for (const turn of this.turns.values()) turn.allow(can);
  }

  undone(undone: Undone): void {
    for (const turn of this.turns.values()) turn.undone(undone);
  }

  get empty(): boolean {
    return this.list.childElementCount === 0;
  }

  /** Tokens and cost of the session so far. */
  get usage(): { input: number; output: number; cost: number } {
    const [input, output, cost] = this.used.ended.map((n, i) => n + (this.used.running[i] ?? 0));
    return { input: input ?? 0, output: output ?? 0, cost: cost ?? 0 };
  }

  follow(): void {
    this.following = true;
    this.grown();
  }

  private turnOf(event: Event): Turn {
    const id = event.turnId;
    const known = id ? this.turns.get(id) : this.last;
    if (known) return known;
    // The turn before keeps its open calls, unless this turn continues it.
    if (event.requestKey === undefined) this.last?.leave();
    const turn = new Turn(id ?? "", this.can, () => this.grown(), event.requestKey ? this.last : undefined);
    if (id) this.turns.set(id, turn);
    this.last = turn;
    this.list.append(turn.element);
    return turn;
  }

  /** Files were reverted. For the user's own action the result, with conflicts, comes separately. */
  private reverted({ turnId: redo, toTurnId }: Event, quiet: boolean): void {
    const paths = this.putBack.splice(0);
    if (quiet && redo && toTurnId) this.undone({ turnId: toTurnId, paths, redo, conflicts: [] });
  }

  private rewind(turnId: string | undefined): void {
    let gone = false;
    for (const [id, turn] of this.turns) {
      gone ||= id === turnId;
      if (!gone) continue;
      turn.element.remove();
      this.turns.delete(id);
    }
    this.last = [...this.turns.values()].at(-1);
  }

  private count(event: Event): void {
    const numbers = (usage: Usage): number[] => [usage.inputTokens, usage.outputTokens, usage.costUsd ?? 0];
    if (event.kind === "usage" && event.usage) this.used.running = numbers(event.usage);
    if (event.kind !== "turnFinished") return;
    const turn = event.usage ? numbers(event.usage) : this.used.running;
    this.used.ended = this.used.ended.map((n, i) => n + (turn[i] ?? 0));
    this.used.running = [0, 0, 0];
  }

  private grown(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.following) this.element.scrollTop = this.element.scrollHeight;
    });
  }

  private scrolled(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const up = scrollTop < this.top && performance.now() - this.moved < userMoves;
    this.top = scrollTop;
    if (scrollTop + clientHeight > scrollHeight - near) this.following = true;
    // New content also moves the end away, but only the user's scrolling leaves it.
    else if (up) this.following = false;
    this.toEnd.hidden = this.following;
  }
}

/** Where the last count turns begin in events. A turn that an approval continues stays with its first part. */
function beginOf(events: readonly Event[], count: number): number {
  let left = count;
  const from = events.findLastIndex(
    (event) => event.kind === "turnStarted" && event.requestKey === undefined && --left <= 0,
  );
  return Math.max(0, from);
}
