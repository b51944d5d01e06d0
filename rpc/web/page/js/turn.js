// One turn: the user's message, and the agent's replies and tool calls.
import { h, plain, line, attempt, count } from "./dom.js";
import { guard } from "./deliberate.js";
import { Prose } from "./prose.js";
import { Tool } from "./tool.js";
import { Changes } from "./changes.js";

const endings = {
  cancelled: "Stopped.",
  stepLimit: "The limit of model rounds is reached. Say “go on” to continue.",
  timeout: "The time limit of this turn is reached.",
  budget: "The budget of this turn is used up.",
};

export class Turn {
  #app;
  #earlier;
  #prose = null; // the reply that is being written
  #thought = null;
  #tools = new Map();
  #work = h("p", { class: "working", "aria-hidden": "true" }, h("i"), h("i"), h("i"));

  /** earlier is the turn that this one continues, after an answer to a request of a killed server. */
  constructor(app, id, { live, earlier = null }) {
    this.#app = app;
    this.id = id;
    this.live = live;
    this.ended = false;
    this.#earlier = earlier;
    this.changes = null;
    this.node = h("article", { class: "turn", "aria-label": "Turn" });
    if (live) this.node.append(this.#work);
  }

  #put(node) {
    if (this.#work.isConnected) this.node.insertBefore(node, this.#work);
    else this.node.append(node);
  }

  apply(event) {
    switch (event.kind) {
      case "textDelta":
        return this.#reply().add(event.delta);
      case "reasoningDelta":
        return this.#think(event.delta);
      case "message":
        return event.role === "user" ? this.#said(event.text) : this.#finishReply(event.text ?? "");
      case "toolStarted":
        return this.#tool(event);
      case "toolOutput":
        return this.#called(event)?.add(event.delta);
      case "toolFinished":
        return this.#called(event)?.finish(event);
      case "approvalResolved":
        return this.#resolved(event);
      case "retrying":
        return this.#notice(`Attempt ${event.attempt} in ${Math.ceil(event.delaySeconds ?? 0)} s: ${event.reason}`, "info");
      case "compacted":
        return this.#notice("Earlier parts of this conversation were summed up for the model.", "info");
      case "notice":
        return this.#notice(event.text, event.level);
      case "turnFinished":
        return this.#finish(event);
    }
  }

  #reply() {
    this.#thought = null;
    if (!this.#prose) {
      this.#prose = new Prose();
      this.#put(this.#prose.node);
    }
    return this.#prose;
  }

  #finishReply(text) {
    if (text || this.#prose) this.#reply().set(text);
    if (!text) this.#prose?.node.remove();
    this.#prose = null;
    this.#thought = null;
  }

  #think(delta) {
    if (!this.#thought) {
      this.#thought = document.createTextNode("");
      this.#put(h("details", { class: "thought" }, h("summary", { text: "Thinking" }), h("pre", {}, this.#thought)));
    }
    this.#thought.appendData(plain(delta));
  }

  #said(text) {
    const back = h("button", { class: "icon rewind", title: "Go back to before this message, with the files", "aria-label": "Go back to before this message", text: "↶" });
    back.addEventListener("click", () => attempt(() => this.#app.rewind(this.id), back));
    back.hidden = !this.#app.can("session/rewind");
    this.#app.said(text);
    const node = h("div", { class: "said" }, h("div", { class: "bubble", text: plain(text) }), back);
    if (!this.node.querySelector(".said")) this.node.prepend(node);
    else this.#put(node);
  }

  #tool(event) {
    const tool = new Tool(event, this.live);
    this.#tools.set(event.callId, tool);
    this.#put(tool.node);
  }

  #called({ callId }) {
    return this.#tools.get(callId) ?? this.#earlier?.#tools.get(callId);
  }

  #resolved({ decision, rule, feedback }) {
    const texts = {
      allow: "You allowed it.",
      allowForSession: `You allowed ${rule ? `“${line(rule)}”` : "it"} for this session.`,
      deny: `You denied it${feedback ? `: ${line(feedback)}` : "."}`,
      cancelTurn: "You stopped the turn.",
      withdrawn: "The question was withdrawn.",
    };
    this.#notice(texts[decision] ?? decision, "decision");
  }

  #notice(text, level) {
    this.#put(h("p", { class: `notice ${["warning", "error", "decision"].includes(level) ? level : "info"}`, text: plain(text) }));
  }

  #finish(event) {
    this.live = false;
    this.ended = true;
    this.#work.remove();
    for (const tool of this.#tools.values()) tool.abandon();
    this.#prose = null;
    const message = event.error?.message ?? event.reason;
    if (event.status === "failed") {
      this.#notice(message ?? "The turn failed.", "error");
      if (event.error?.data?.hint) this.#notice(event.error.data.hint, "info");
    } else if (endings[event.status]) this.#notice(endings[event.status], "warning");
    if (event.question) this.#question(event.question);
    if (event.changes?.length) {
      this.changes = new Changes(this.#app, { turnId: this.id, changes: event.changes });
      this.#put(this.changes.node);
    }
    const { inputTokens = 0, outputTokens = 0, cachedTokens = 0 } = event.usage ?? {};
    if (inputTokens || outputTokens)
      this.#put(h("p", { class: "foot quiet", title: `${inputTokens} tokens in, ${cachedTokens} of them cached, ${outputTokens} out`, text: `${count(inputTokens)} in · ${count(outputTokens)} out` }));
  }

  #question({ text, options = [] }) {
    const answers = options.map((option) => h("button", { "data-decides": "", text: line(option), onclick: () => attempt(() => this.#app.send(option)) }));
    this.#put(guard(h("div", { class: "question" }, h("p", { text: plain(text) }), h("div", { class: "row" }, ...answers))));
  }

  /** Ends a turn whose server is gone. */
  interrupted() {
    if (this.ended) return;
    this.#finish({ status: "interrupted" });
    this.#notice("The server ended in the middle of this turn.", "warning");
  }
}
