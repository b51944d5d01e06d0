/** Approvals and questions for the user, above the input. */
import { visible } from "../escape";
import type { Asks, Approval, Question } from "../messages";
import { counts } from "./changed";
import { guard } from "./deliberate";
import { button, h, svg } from "./dom";
import { send } from "./host";
import { patchView } from "./patchview";
import { whole } from "./whole";

export class AskCards {
  readonly element = h("section", { class: "asks", "aria-label": "Waiting for you" });
  private readonly cards = new Map<string, HTMLElement>();
  private own = false;

  constructor(private readonly said: (text: string) => void) {}

  /** Whether a request of the session itself is pending, not only of its tasks. */
  get waits(): boolean {
    return this.own;
  }

  /** Whether no request is pending. */
  get isEmpty(): boolean {
    return this.cards.size === 0;
  }

  set(asks: Asks): void {
    this.own = [...asks.approvals, ...asks.questions].some(({ from }) => from === undefined);
    const keys = new Set([...asks.approvals, ...asks.questions].map((ask) => ask.requestKey));
    for (const [key, card] of this.cards) if (!keys.has(key)) this.drop(key, card);
    for (const ask of asks.approvals) this.put(ask.requestKey, () => approvalCard(ask), ask.title);
    for (const ask of asks.questions) this.put(ask.requestKey, () => questionCard(ask), ask.question);
  }

  private put(key: string, make: () => HTMLElement, title: string): void {
    if (this.cards.has(key)) return;
    const card = make();
    card.tabIndex = -1;
    // The focus stays, because the user may be typing, here or in an editor.
    const hint = h("p", { class: "hint" });
    card.append(hint);
    guard(card, this.element, (armed) => {
      hint.textContent = armed ? "Shift+Tab leads here from the message." : "One moment: it has just come, or moved.";
    });
    this.cards.set(key, card);
    this.element.append(card);
    this.said(`Waiting for you: ${title}`);
  }

  /** Focuses the card with that key. */
  show(key: string): void {
    const card = this.cards.get(key);
    card?.scrollIntoView({ block: "nearest" });
    card?.focus();
  }

  private drop(key: string, card: HTMLElement): void {
    card.remove();
    this.cards.delete(key);
  }
}

function approvalCard(ask: Approval): HTMLElement {
  const decide = (decision: string) => (): void => {
    send({
      type: "approve",
      key: ask.requestKey,
      decision,
      ...(feedback.value.trim() && { feedback: feedback.value.trim() }),
    });
  };
  const feedback = h("input", {
    type: "text",
    placeholder: "No, and what to do instead…",
    "aria-label": "What to do instead",
  });
  feedback.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) decide("deny")();
  });
  const has = (option: string): boolean => ask.options.includes(option);
  const rule = has("allowForSession") && ask.rule;
  return h(
    "div",
    { class: "ask", role: "group", "aria-label": `Approval: ${visible(ask.title)}` },
    ...content(ask),
    h(
      "div",
      { class: "buttons" },
      has("allow") && button("Allow", decide("allow"), { "data-decides": true, class: "primary" }),
      has("allowForSession") && button("Allow for session", decide("allowForSession"), { "data-decides": true }),
      has("deny") && button("Deny", decide("deny"), { "data-decides": true }),
      has("cancelTurn") && button("Stop turn", decide("cancelTurn"), { "data-decides": true, class: "link" }),
    ),
    !!rule && h("p", { class: "rule" }, `Allow for session covers ${scopeOf(rule)} `, h("code", {}, visible(rule))),
    has("deny") && feedback,
  );
}

/** Who asks, if that can differ from the shown conversation. */
function askers({ from, folder }: { from?: string; folder?: string }): HTMLElement[] {
  const tag = (name: string, title: string): HTMLElement => h("span", { class: "tag", title }, visible(name));
  return [
    ...(folder === undefined ? [] : [tag(folder, `In the folder “${visible(folder)}”`)]),
    ...(from === undefined ? [] : [tag(from, `The task “${visible(from)}” asks`)]),
  ];
}

/** The subject of an approval: a command, or changes of files with their diffs. */
function content(ask: Approval): HTMLElement[] {
  const changes = (ask.changes ?? []).map((change) => proposal(ask, change));
  const [only] = changes;
  // The title names the only file of an edit, and the name there opens the diff.
  const inTitle = changes.length === 1 && only && !ask.command;
  const title = inTitle ? ask.title.replace(` ${only.path}`, "") : ask.title;
  const header = h(
    "header",
    {},
    svg("shield"),
    h("span", {}, visible(title)),
    ...(inTitle ? only.name : []),
    ...askers(ask),
  );
  return [
    header,
    ...(ask.command ? whole(h("pre", { class: "command", tabindex: "0" }, visible(ask.command))) : []),
    ...changes.map(({ name, diff }) =>
      h("div", { class: "proposal" }, !inTitle && h("header", {}, ...name), ...(diff ? whole(diff) : [])),
    ),
  ];
}

interface Proposal {
  path: string;
  /** opens the diff editor; with counts */
  name: HTMLElement[];
  diff?: HTMLElement;
}

function proposal(ask: Approval, { path, patch }: { path: string; patch?: string }): Proposal {
  const open = button(visible(path), () => send({ type: "preview", key: ask.requestKey, path }), {
    class: "path",
    title: "Open in the diff editor",
  });
  if (patch === undefined) return { path, name: [open] };
  const { element, added, removed } = patchView(patch);
  return { path, name: [open, counts(added, removed)], diff: element };
}

/** The words before a rule that say what it allows. */
function scopeOf(rule: string): string {
  if (rule === "edit *") return "all edits:";
  return rule.endsWith(" *") ? "commands that begin as in" : "this very command:";
}

function questionCard(ask: Question): HTMLElement {
  const answer = (text?: string): void =>
    send({ type: "answer", key: ask.requestKey, ...(text !== undefined && { answer: text }) });
  const own = h("input", { type: "text", placeholder: "Your own answer…", "aria-label": "Your own answer" });
  own.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && own.value.trim()) answer(own.value.trim());
  });
  return h(
    "div",
    { class: "ask", role: "group", "aria-label": `Question: ${visible(ask.question)}` },
    h("header", {}, svg("ask"), h("span", {}, visible(ask.question)), ...askers(ask)),
    h(
      "div",
      { class: "choices" },
      ...(ask.options ?? []).map((option) => button(visible(option), () => answer(option), { "data-decides": true })),
    ),
    own,
    h(
      "div",
      { class: "buttons" },
      button("Do not answer", () => answer(), { "data-decides": true, class: "link" }),
    ),
  );
}
