// Delegated tasks: their state, their output, their changed files and copying those back.
import { h, byId, plain, line, output, attempt, toast, duration, count } from "./dom.js";
import { Prose } from "./prose.js";
import { titled } from "./tool.js";

const over = ["finished", "failed", "timeout", "stepLimit", "budget", "cancelled", "unverified", "interrupted"];
const lastLines = 4;

export class Tasks {
  #app;
  #cards = new Map();
  #list = h("div", { class: "tasks" });
  #none = h("p", { class: "quiet", text: "Agents that work in the background, in workspaces of their own, appear here." });

  constructor(app) {
    this.#app = app;
    byId("tasks").append(h("h2", { id: "tasks-head", text: "Tasks" }), this.#none, this.#list, this.#form());
    setInterval(() => this.#cards.forEach((card) => card.tick()), 1000);
  }

  #form() {
    const prompt = h("textarea", { rows: "3", "aria-label": "What the task shall do", placeholder: "What shall a background agent do?", required: true });
    const files = h("input", { type: "text", "aria-label": "Files it gets a copy of", placeholder: "Files to copy, separated by commas (optional)" });
    const box = h(
      "details",
      { class: "new-task" },
      h("summary", { text: "Delegate a task" }),
      h("form", {}, prompt, files, h("button", { type: "submit", class: "primary", text: "Start" })),
    );
    box.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        const names = files.value.split(",").map((f) => f.trim()).filter(Boolean);
        const session = await this.#app.ensureSession();
        const { skipped = [] } = await this.#app.call("tasks/start", { prompt: prompt.value, sessionId: session, ...(names.length && { files: names }) });
        for (const { path, reason } of skipped) toast(`${path} was not copied: ${reason}`);
        prompt.value = files.value = "";
        box.open = false;
      }, event.submitter);
    });
    return box;
  }

  async refresh() {
    const before = [...this.#cards.keys()]; // a card that appears meanwhile is newer than the answer
    const { tasks } = await this.#app.call("tasks/list");
    const there = new Set(tasks.map((task) => task.taskId));
    for (const id of before) if (!there.has(id)) this.#drop(id);
    tasks.forEach((task) => this.changed(task));
  }

  name(id) {
    return this.#cards.get(id)?.name ?? id;
  }

  changed(task) {
    let card = this.#cards.get(task.taskId);
    if (!card) {
      card = new Card(this.#app, task, () => this.#drop(task.taskId));
      this.#cards.set(task.taskId, card);
      this.#list.prepend(card.node);
    }
    card.update(task);
    this.#count();
  }

  /** Resets the revisions, because the next connection may be to another server, which counts from 1. */
  lost() {
    for (const card of this.#cards.values()) card.revision = 0;
  }

  /** Takes an event of a task's agent. */
  take(event) {
    this.#cards.get(event.taskId)?.take(event);
  }

  #drop(id) {
    this.#cards.get(id)?.node.remove();
    this.#cards.delete(id);
    this.#count();
  }

  #count() {
    this.#none.hidden = this.#cards.size > 0;
    const active = [...this.#cards.values()].filter((card) => !card.over).length;
    byId("open-side").dataset.count = active || "";
  }
}

class Card {
  #app;
  #task;
  #status = h("span", { class: "meta" });
  #live = h("pre", { class: "live", "aria-hidden": "true" });
  #tail = "";
  #text = new Prose();
  #error = h("p", { class: "notice error", hidden: true });
  #files = h("div", { class: "task-files" });
  #more = h("form", { class: "row" });
  #input = h("input", { type: "text" });
  #buttons = h("div", { class: "row" });
  #frame = 0;
  revision = 0;

  constructor(app, task, dropped) {
    this.#app = app;
    const on = (text, kind, action) => {
      const button = h("button", { class: kind, text });
      button.addEventListener("click", () => attempt(action, button));
      return button;
    };
    this.cancel = on("Cancel", "danger", () => app.call("tasks/cancel", { taskId: task.taskId }));
    this.remove = on("Remove", null, () => app.call("tasks/remove", { taskId: task.taskId }).then(dropped));
    this.#more.append(this.#input, h("button", { type: "submit", text: "Send" }));
    this.#more.addEventListener("submit", (event) => {
      event.preventDefault();
      const prompt = this.#input.value.trim();
      if (prompt) attempt(() => app.call("tasks/send", { taskId: task.taskId, prompt }).then(() => (this.#input.value = "")), event.submitter);
    });
    this.#buttons.append(this.cancel, this.remove);
    this.node = h(
      "details",
      { class: "task", open: true },
      h("summary", {}, h("span", { class: "state", "aria-hidden": "true" }), h("span", { class: "task-name", text: line(task.name) || task.taskId }), this.#status),
      h("div", { class: "task-body" }, this.#live, this.#error, this.#text.node, this.#files, this.#more, this.#buttons),
    );
  }

  get name() {
    return this.#task.name || this.#task.taskId;
  }

  get over() {
    return over.includes(this.#task?.state);
  }

  update(task) {
    if (task.revision < this.revision) return; // an answer that is older than a notification
    this.revision = task.revision;
    const files = JSON.stringify(this.#task?.changes) !== JSON.stringify(task.changes);
    this.#task = task;
    this.node.dataset.state = task.state;
    this.tick();
    const words = task.question ? `${task.question.text}${(task.question.options ?? []).map((o) => `\n- ${o}`).join("")}` : (task.text ?? "");
    this.#text.set(words);
    this.#text.node.hidden = !words;
    this.#error.hidden = !task.error;
    this.#error.textContent = plain(task.error);
    this.#live.hidden = this.over || !this.#tail;
    const asks = task.state === "waiting";
    this.#more.hidden = !this.#app.can("tasks/send") || !(this.over || asks);
    this.#input.placeholder = asks ? "Your answer" : "What next?";
    this.#input.setAttribute("aria-label", asks ? "Your answer to the task" : "A further prompt for the task");
    this.cancel.hidden = this.over;
    this.remove.hidden = !this.over;
    if (files) this.#files.replaceChildren(...(task.changes ?? []).filter((c) => c.change !== "deleted").map((c) => this.#file(c)));
  }

  #file({ path, added, removed }) {
    const collect = h("button", { text: "Collect", title: `Copy ${plain(path)} into the session's workspace` });
    collect.addEventListener("click", () =>
      attempt(async () => {
        const sessionId = await this.#app.ensureSession();
        const { text, skipped } = await this.#app.call("files/collect", { taskId: this.#task.taskId, path, sessionId });
        toast(text, skipped.length > 0);
        collect.textContent = "Collected";
      }, collect),
    );
    const show = h("button", { class: "link path", text: plain(path), title: "Show the file" });
    const row = h("div", { class: "task-file" }, show, h("span", { class: "plus", text: added ? `+${added}` : "" }), h("span", { class: "minus", text: removed ? `−${removed}` : "" }), collect);
    show.addEventListener("click", () => attempt(() => this.#peek(row, path), show));
    return row;
  }

  async #peek(row, path) {
    const shown = row.querySelector("pre");
    if (shown) return shown.remove();
    const { content, encoding, truncated } = await this.#app.call("files/read", { taskId: this.#task.taskId, path });
    row.append(h("pre", { tabindex: "0", text: encoding === "utf-8" ? plain(content.slice(0, 100000)) + (truncated || content.length > 100000 ? "\n…" : "") : "This is not a text file." }));
  }

  tick() {
    const { state, status, startedAt, endedAt, steps, usage } = this.#task;
    const seconds = ((endedAt ? Date.parse(endedAt) : Date.now()) - Date.parse(startedAt)) / 1000;
    const used = usage.inputTokens + usage.outputTokens;
    this.#status.textContent = [["failed", "interrupted"].includes(state) ? state : plain(status ?? state), steps ? `${steps} step${steps === 1 ? "" : "s"}` : "", duration(Math.max(0, seconds)), used ? count(used) : ""].filter(Boolean).join(" · ");
  }

  take(event) {
    const add = { textDelta: event.delta, toolOutput: event.delta, toolStarted: called(event) }[event.kind];
    if (event.kind === "turnStarted") this.#tail = "";
    if (!add) return;
    this.#tail = (this.#tail + add).slice(-2000);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#live.textContent = output(this.#tail).trim().split("\n").slice(-lastLines).join("\n");
      this.#live.hidden = this.over;
    });
  }
}

/** A line for a started call. */
function called(event) {
  const { title, detail } = titled(event);
  return `\n${line(title)} ${line(detail).slice(0, 120)}\n`;
}
