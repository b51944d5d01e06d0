/** What waits for the user: approvals and questions, above the input. */
import { visible } from "../escape";
import type { Asks, Approval, Question } from "../messages";
import { counts } from "./changed";
import { button, h, svg } from "./dom";
import { send } from "./host";
import { patchView } from "./patchview";

/** Milliseconds in which a new card hears nothing: the key or click was meant for what was there before. */
const deaf = 400;

export class AskCards {
  readonly element = h("section", { class: "asks", "aria-label": "Waiting for you" });
  private readonly cards = new Map<string, HTMLElement>();
  private own = false;
  /** key of the card that the user wants to see */
  private wanted?: string;

  constructor(private readonly said: (text: string) => void) {}

  /** Something of the session itself, not of its tasks. */
  get waits(): boolean {
    return this.own;
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
    card.inert = true;
    setTimeout(() => {
      card.inert = false;
      if (key === this.wanted) this.show(key);
      // The user may be typing, here or in an editor: the focus is theirs.
      else if (document.hasFocus() && document.activeElement === document.body) this.focus();
    }, deaf);
    this.cards.set(key, card);
    this.element.append(card);
    this.said(`Waiting for you: ${title}`);
  }

  /** Goes to what waits longest; false: nothing does. The first button is one Tab away: no key decides by mistake. */
  focus(): boolean {
    const [card] = this.cards.values();
    card?.focus();
    return card !== undefined;
  }

  /** Goes to the card of that key, as soon as it hears. */
  show(key: string): void {
    const card = this.cards.get(key);
    this.wanted = card?.inert ? key : undefined;
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
      has("allow") && button("Allow", decide("allow"), { class: "primary" }),
      has("allowForSession") && button("Allow for session", decide("allowForSession")),
      has("deny") && button("Deny", decide("deny")),
      has("cancelTurn") && button("Stop turn", decide("cancelTurn"), { class: "link" }),
    ),
    !!rule && h("p", { class: "rule" }, `Allow for session covers ${scopeOf(rule)} `, h("code", {}, visible(rule))),
    has("deny") && feedback,
  );
}

/** Who asks, where that could be another one than the conversation that is shown. */
function askers({ from, folder }: { from?: string; folder?: string }): HTMLElement[] {
  const tag = (name: string, title: string): HTMLElement => h("span", { class: "tag", title }, visible(name));
  return [
    ...(folder === undefined ? [] : [tag(folder, `In the folder “${visible(folder)}”`)]),
    ...(from === undefined ? [] : [tag(from, `The task “${visible(from)}” asks`)]),
  ];
}

/** What is asked for: a command, or changes of files with their diffs. */
function content(ask: Approval): HTMLElement[] {
  const changes = (ask.changes ?? []).map((change) => proposal(ask, change));
  const [only] = changes;
  // The only file of an edit is named in the title: there its name leads to the diff.
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
    ...(ask.command ? [h("pre", { class: "command", tabindex: "0" }, visible(ask.command))] : []),
    ...changes.map(({ name, diff }) => h("div", { class: "proposal" }, !inTitle && h("header", {}, ...name), diff)),
  ];
}

interface Proposal {
  path: string;
  /** leads to the diff editor, with counts */
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

/** What a rule allows, in words before it. */
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
      ...(ask.options ?? []).map((option) => button(visible(option), () => answer(option))),
    ),
    own,
    h(
      "div",
      { class: "buttons" },
      button("Do not answer", () => answer(), { class: "link" }),
    ),
  );
}
