/** The turns of the session, the newest at the bottom, where the page stays unless the user scrolls up. */
import type { PanelState, Undone } from "../messages";
import type { AgentUsage, Event } from "../protocol";
import { button, h } from "./dom";
import { Turn, notice } from "./turn";

/** Distance from the end, in pixels, at which the page still follows. */
const near = 40;
/** Milliseconds after the user's wheel, key or finger in which scrolling is theirs. */
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
  private used = { ended: [0, 0, 0], running: [0, 0, 0] };

  /** said is told what a screen reader should say; head is what stands above the turns when there are none. */
  constructor(
    private readonly said: (text: string) => void,
    head: HTMLElement,
  ) {
    this.element.append(head, this.list, this.toEnd);
    for (const kind of ["wheel", "keydown", "pointerdown", "touchmove"]) {
      this.element.addEventListener(kind, () => (this.moved = performance.now()), { passive: true });
    }
    this.element.addEventListener("scroll", () => this.scrolled(), { passive: true });
    // Turns out of sight are only estimated, and grow when they are drawn.
    const sizes = new ResizeObserver(() => this.grown());
    for (const element of [this.element, this.list]) sizes.observe(element);
  }

  reset(events: readonly Event[], cut: boolean): void {
    this.turns.clear();
    this.last = undefined;
    this.used = { ended: [0, 0, 0], running: [0, 0, 0] };
    this.list.replaceChildren(...(cut ? [notice("info", "What came before is not shown any more.")] : []));
    for (const event of events) this.add(event, true);
    this.follow();
  }

  add(event: Event, quiet = false): void {
    if (event.kind === "rewound") return this.rewind(event.toTurnId);
    this.count(event);
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
    // What the turn before left open is its own, unless this one goes on there.
    if (event.requestKey === undefined) this.last?.leave();
    const turn = new Turn(id ?? "", this.can, () => this.grown(), event.requestKey ? this.last : undefined);
    if (id) this.turns.set(id, turn);
    this.last = turn;
    this.list.append(turn.element);
    return turn;
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
    const numbers = (usage: AgentUsage): number[] => [usage.inputTokens, usage.outputTokens, usage.costUsd ?? 0];
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
    // What is added moves the end away as well: only the user leaves it.
    else if (up) this.following = false;
    this.toEnd.hidden = this.following;
  }
}
