/** The panel's content before a conversation, and in place of it when there is a problem. */
import { visible } from "../escape";
import type { LocalServer, PanelState, Problem } from "../messages";
import { button, h } from "./dom";
import { send } from "./host";

const sandboxes: Record<string, string> = {
  container: "Commands run in a container, without network.",
  strong: "Commands run in a strong local sandbox, without network.",
  medium: "Commands run in a local sandbox of medium strength.",
  none: "Commands run without a sandbox: each one asks first.",
};

/** Suggested prompts. A chosen one is put into the input. */
const beginnings = ["Explain how this project is built", "Find a bug and fix it", "Write tests for the open file"];

export class Welcome {
  readonly element = h("section", { class: "welcome" });
  private shown = "";

  /** begin gets the text for the input. */
  constructor(private readonly begin: (text: string) => void) {}

  /** Shows a state. empty: there is no conversation yet. */
  set(state: PanelState, empty: boolean): void {
    this.element.hidden = !empty;
    const { folder, sandbox, sandboxReason, recent, can, server, noModel, problem } = state;
    const key = JSON.stringify([folder, sandbox, recent, can.resume, server, noModel, problem !== undefined]);
    if (this.shown === key) return;
    this.shown = key;
    this.element.replaceChildren(
      h("h1", {}, "Pygent"),
      h("p", {}, folder ? `Works in ${visible(folder)}.` : "No folder is open: it works in a temporary one."),
      server === "running" && sandbox
        ? h("p", { class: sandbox === "none" ? "warn" : "", title: sandboxReason }, sandboxes[sandbox] ?? sandbox)
        : h("p", { class: "quiet" }, server === "starting" || server === "waiting" ? "Starting…" : ""),
      ...(problem ? [] : [noModel ? models(noModel) : this.beginnings()]),
      this.recents(state) ?? "",
    );
  }

  private beginnings(): HTMLElement {
    const rows = beginnings.map((text) =>
      h("li", {}, h("button", { type: "button", onclick: () => this.begin(text) }, h("span", {}, text))),
    );
    return h("nav", { "aria-label": "Ideas" }, h("h2", {}, "Begin with"), h("ul", {}, ...rows));
  }

  private recents({ recent, can }: PanelState): HTMLElement | undefined {
    if (!can.resume || recent.length === 0) return undefined;
    const rows = recent
      .slice(0, 5)
      .map(({ sessionId, title, updatedAt }) =>
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", onclick: () => send({ type: "resume", sessionId }) },
            h("span", {}, visible(title || "(no title)")),
            h("time", {}, ago(Date.parse(updatedAt))),
          ),
        ),
      );
    return h("nav", { "aria-label": "Earlier sessions" }, h("h2", {}, "Earlier"), h("ul", {}, ...rows));
  }
}

/** The ways to set a model, for a user without one. */
function models(servers: LocalServer[]): HTMLElement {
  const command = (title: string, name: string): HTMLButtonElement =>
    button(title, () => send({ type: "command", command: name }));
  const choices = [
    ...servers.map(({ name, baseUrl }) =>
      button(`Use ${visible(name)} on this machine`, () => send({ type: "useServer", baseUrl })),
    ),
    command("Set API Key…", "pygent.setKey"),
    command(servers.length > 0 ? "Use Another Endpoint…" : "Use a Local Model…", "pygent.setBaseUrl"),
    command("Watch the Demo", "pygent.demo"),
  ];
  choices[0]?.classList.add("primary");
  return h(
    "section",
    { class: "first", "aria-label": "Choose a model" },
    h("h2", {}, "Choose a model first"),
    h("p", {}, "Any OpenAI-compatible endpoint will do. The demo needs none: it shows a scripted conversation."),
    h("div", { class: "choices" }, ...choices),
  );
}

export class ProblemCard {
  readonly element = h("section", { class: "problem", role: "alert", hidden: true });
  private shown = "";

  set(problem: Problem | undefined): void {
    const key = JSON.stringify(problem ?? "");
    if (key === this.shown) return;
    this.shown = key;
    this.element.hidden = !problem;
    if (!problem) return this.element.replaceChildren();
    const [first, ...others] = problem.actions;
    this.element.replaceChildren(
      h("h2", {}, problem.title),
      h("p", {}, visible(problem.detail)),
      h(
        "div",
        { class: "buttons" },
        first && button(first.title, () => send({ type: "command", command: first.command }), { class: "primary" }),
        ...others.map(({ command, title }) => button(title, () => send({ type: "command", command }))),
      ),
    );
  }
}

function ago(time: number): string {
  const minutes = Math.round((Date.now() - time) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}
