/** One turn: the user's message, the model's replies and tool calls, and how it ended. */
import { visible } from "../escape";
import type { PanelState, Undone } from "../messages";
import type { Event } from "../protocol";
import { Changed } from "./changed";
import { button, h, iconButton } from "./dom";
import { send } from "./host";
import { Prose } from "./prose";
import { splitPrompt } from "./said";
import { Tool } from "./tool";

const ends: Record<string, string> = {
  cancelled: "Stopped.",
  stepLimit: "The limit of model rounds is reached.",
  timeout: "The time is up.",
  budget: "The budget is used up.",
  interrupted: "The server ended during this turn.",
};

export class Turn {
  readonly element = h("article", { class: "turn" });
  private readonly tools = new Map<string, Tool>();
  private prose?: Prose;
  private reasoning?: HTMLElement;
  private changed?: Changed;
  private retrying?: HTMLElement;
  private words = "";

  constructor(
    private readonly id: string,
    private can: PanelState["can"],
    private readonly grown: () => void,
    private readonly before: Turn | undefined,
  ) {}

  add(event: Event): void {
    switch (event.kind) {
      case "textDelta":
        return this.speak().append(event.delta ?? "");
      case "reasoningDelta":
        return this.reason(event.delta ?? "");
      case "message":
        return this.message(event);
      case "toolStarted":
        return this.startTool(event);
      case "toolOutput":
        return this.tool(event)?.append(event.delta ?? "");
      case "toolFinished":
        return this.tool(event)?.finish(event);
      case "retrying":
        return this.retry(event);
      case "compacted":
        return this.line("info", "Earlier parts of the conversation were summed up, to make room.");
      case "notice":
        return this.line(event.level ?? "info", event.text ?? "");
      case "approvalResolved":
        return this.resolved(event);
      case "turnFinished":
        return this.end(event);
    }
  }

  allow(can: PanelState["can"]): void {
    this.can = can;
    this.changed?.allow(can);
    this.element.classList.toggle("can-rewind", can.rewind);
  }

  /** Ends the turn's open calls, because the turn does not go on. */
  leave(): void {
    for (const tool of this.tools.values()) tool.abandon();
  }

  undone(undone: Undone): void {
    this.changed?.take(undone);
  }

  /** The call of an event; in a turn that continues the one before, also that turn's call. */
  private tool({ callId }: Event): Tool | undefined {
    return this.tools.get(callId ?? "") ?? this.before?.tools.get(callId ?? "");
  }

  private speak(): Prose {
    this.reasoning?.classList.add("over");
    if (!this.prose) {
      this.prose = new Prose(this.grown);
      this.put(this.prose.element);
    }
    return this.prose;
  }

  private message(event: Event): void {
    const text = event.text ?? "";
    if (event.role === "user") return this.said(text);
    if (text !== "" || this.prose) this.speak().finish(text);
    this.prose = undefined;
  }

  private said(text: string): void {
    this.words ||= splitPrompt(text).words;
    const back = iconButton("back", "Go back to before this message", () =>
      send({ type: "rewind", turnId: this.id, text: this.words }),
    );
    back.classList.add("rewind");
    this.element.classList.toggle("can-rewind", this.can.rewind);
    const { words, attached } = splitPrompt(text);
    const files = attached.map((label) => h("span", { class: "tag" }, visible(label)));
    const body = h(
      "div",
      {},
      h("p", {}, visible(words)),
      files.length > 0 && h("div", { class: "attached" }, ...files),
    );
    this.put(h("div", { class: "said", role: "group", "aria-label": "You" }, body, back));
  }

  private reason(delta: string): void {
    if (!this.reasoning || this.reasoning.classList.contains("over")) {
      this.reasoning = h("details", { class: "reasoning" }, h("summary", {}, "Thinking"), h("p"));
      this.put(this.reasoning);
    }
    this.reasoning.lastElementChild?.append(delta);
    this.grown();
  }

  private startTool(event: Event): void {
    this.prose = undefined;
    this.reasoning?.classList.add("over");
    const tool = new Tool(event, this.grown);
    this.tools.set(event.callId ?? "", tool);
    this.put(tool.element);
  }

  private resolved(event: Event): void {
    if (event.decision === "deny") this.line("info", `You said no${event.feedback ? `: ${event.feedback}` : "."}`);
    if (event.decision === "allowForSession") this.line("info", `Allowed for this session: ${event.rule ?? "this"}`);
  }

  private retry(event: Event): void {
    this.retrying?.remove();
    const wait = Math.round(event.delaySeconds ?? 0);
    this.retrying = notice("info", `Trying again${wait > 0 ? ` in ${wait} s` : ""}: ${event.reason ?? ""}`);
    this.put(this.retrying);
  }

  private end(event: Event): void {
    this.retrying?.remove();
    this.before?.leave();
    this.leave();
    this.prose?.finish(event.text ?? "");
    this.prose = undefined;
    this.element.classList.add("ended");
    if ((event.changes ?? []).length > 0) {
      this.changed = new Changed(this.id, event.changes ?? [], this.can);
      this.put(this.changed.element);
    }
    const error = event.error ? [event.error.message, event.error.data?.hint].filter(Boolean).join(" ") : "";
    const text = error || ends[event.status ?? ""] || event.reason;
    if (text && event.status !== "completed" && event.status !== "waiting") this.ending(event.status ?? "", text);
    if (event.status === "waiting" && event.question) this.line("info", `Asked you: ${event.question.text}`);
  }

  private ending(status: string, text: string): void {
    const line = notice(status === "failed" ? "error" : "info", text);
    line.append(button("Retry", () => send({ type: "retry", text: this.words }), { class: "link retry" }));
    this.put(line);
  }

  private line(level: string, text: string): void {
    this.put(notice(level, text));
  }

  private put(element: HTMLElement): void {
    this.element.append(element);
    this.grown();
  }
}

export function notice(level: string, text: string): HTMLElement {
  return h(
    "div",
    { class: `notice ${["warning", "error"].includes(level) ? level : "info"}` },
    h("span", {}, visible(text)),
  );
}
