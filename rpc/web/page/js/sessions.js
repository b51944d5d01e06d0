// The list of stored sessions.
import { h, byId, line, attempt, copyButton } from "./dom.js";
import { linkTo } from "./link.js";

const states = { running: "works", waiting: "asks you", interrupted: "was interrupted" };
const ages = [
  [60, "second"],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [Infinity, "day", 86400],
];
const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

function age(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  const [, unit, size = 1] = ages.find(([limit]) => seconds < limit);
  return seconds < 60 ? "now" : format.format(-Math.round(seconds / size), unit);
}

export class Sessions {
  #app;
  #list = h("ul", { class: "sessions" });
  #more = h("button", { class: "link", text: "Older ones", hidden: true });
  #all = [];
  #next = null;
  #timer = 0;

  constructor(app) {
    this.#app = app;
    const fresh = h("button", { class: "primary wide", id: "new-session", text: "New session", onclick: () => app.newSession() });
    byId("sessions").append(h("h2", { class: "unseen", text: "Sessions" }), fresh, this.#list, this.#more);
    this.#more.addEventListener("click", () => attempt(() => this.#read(this.#next), this.#more));
  }

  /** Reads the list again, after a delay that joins several calls. */
  refresh(delay = 200) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#read().catch(() => {}), delay);
  }

  async #read(cursor) {
    const { sessions, nextCursor } = await this.#app.call("session/list", cursor ? { cursor } : {});
    this.#all = cursor ? [...this.#all, ...sessions] : sessions;
    this.#next = nextCursor;
    this.#more.hidden = !nextCursor;
    this.draw();
  }

  title(id) {
    return this.#all.find((s) => s.sessionId === id)?.title ?? "";
  }

  draw() {
    this.#list.replaceChildren(...this.#all.map((session) => this.#row(session)));
    this.#app.named(this.title(this.#app.session));
  }

  #row({ sessionId, title, root, updatedAt, state }) {
    const here = sessionId === this.#app.session;
    const folder = decodeURIComponent(root.split("/").pop() ?? "");
    const open = h(
      "button",
      { class: "session", "aria-current": here ? "true" : null, title: decodeURIComponent(root.replace("file://", "")), onclick: () => attempt(() => this.#app.open(sessionId)) },
      h("span", { class: "session-title", text: line(title) || "Untitled" }),
      h("span", { class: "quiet", text: [states[state], age(updatedAt), line(folder)].filter(Boolean).join(" · ") }),
    );
    return h("li", { class: `${here ? "here" : ""} ${state}` }, open, this.#menu(sessionId, title));
  }

  #menu(sessionId, title) {
    const act = (text, action) => h("button", { text, onclick: (event) => attempt(action, event.target).then(() => this.refresh(0)) });
    const exported = async () => {
      const { content } = await this.#app.call("session/export", { sessionId, format: "markdown" });
      const address = URL.createObjectURL(new Blob([content], { type: "text/markdown" }));
      h("a", { href: address, download: `${sessionId}.md` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    };
    const remove = async () => {
      if (!confirm(`Delete “${title || sessionId}” and its stored data?`)) return;
      await this.#app.call("session/delete", { sessionId });
      if (this.#app.session === sessionId) this.#app.newSession();
    };
    const link = copyButton(() => linkTo(sessionId));
    link.textContent = "Copy link for another tab";
    const box = h("details", { class: "menu" }, h("summary", { "aria-label": `More for ${line(title) || "this session"}`, text: "⋯" }));
    box.addEventListener("toggle", () => {
      if (box.open && box.children.length === 1)
        box.append(h("div", { class: "menu-box" }, act("Save as Markdown", exported), link, act("Delete", remove)));
    });
    box.addEventListener("focusout", ({ relatedTarget }) => box.contains(relatedTarget) || (box.open = false));
    return box;
  }
}
