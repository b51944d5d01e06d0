// One tool call: a row that opens to show its arguments and its output.
import { h, plain, line, output, duration, copyButton } from "./dom.js";

const most = 200_000; // characters of output on the page

export class Tool {
  #meta = h("span", { class: "meta" });
  #out = document.createTextNode("");
  #pre = h("pre", { class: "output", tabindex: "0" }, this.#out);
  #raw = "";
  #frame = 0;
  #touched = false;
  #begun = Date.now();
  #timer = 0;

  constructor(event, live) {
    const { title, detail } = titled(event);
    this.#begun = Date.parse(event.time) || Date.now();
    this.node = h(
      "details",
      { class: "tool running" },
      h(
        "summary",
        {},
        h("span", { class: "state", "aria-hidden": "true" }),
        h("span", { class: "tool-name", text: plain(title) }),
        h("code", { class: "short", text: line(detail.slice(0, 400)).slice(0, 240) }),
        this.#meta,
      ),
      h("div", { class: "tool-body" }, ...told(event.arguments, detail), this.#pre),
    );
    this.#pre.hidden = true;
    this.node.querySelector("summary").addEventListener("click", () => (this.#touched = true));
    if (live) this.#timer = setInterval(() => this.#tick(), 1000);
  }

  #tick() {
    this.#meta.textContent = duration((Date.now() - this.#begun) / 1000);
  }

  /** Appends live output. */
  add(delta) {
    this.#raw = (this.#raw + delta).slice(-most);
    if (!this.#touched) this.node.open = true;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(this.#raw);
      this.#pre.scrollTop = this.#pre.scrollHeight;
    });
  }

  #show(text) {
    this.#out.data = output(text);
    this.#pre.hidden = this.#out.data === "";
  }

  finish({ text = "", isError, exitCode, durationSeconds, truncated }) {
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#timer);
    const failed = isError || (exitCode ?? 0) !== 0;
    this.node.classList.remove("running", "failed");
    this.node.classList.add(failed ? "failed" : "done");
    this.#show(text.length > most ? `${text.slice(0, most / 2)}\n…\n${text.slice(-most / 2)}` : text);
    const meta = [];
    if (exitCode) meta.push(`exit ${exitCode}`);
    else if (isError) meta.push(text.endsWith("[cancelled]") ? "stopped" : text.startsWith("[error] not run:") ? "not run" : "failed");
    if (truncated) meta.push("cut");
    if (durationSeconds) meta.push(duration(durationSeconds));
    this.#meta.textContent = meta.join(" · ");
    if (!this.#touched) this.node.open = false;
  }

  /** Marks a call without a result, because its turn has ended. */
  abandon() {
    clearInterval(this.#timer);
    if (!this.node.classList.contains("running")) return;
    this.node.classList.replace("running", "failed");
    this.#meta.textContent = "no result";
  }
}

/** The title and detail of a call, made by the tool. Events of older servers lack them. */
export function titled({ title, detail, tool, arguments: args }) {
  return title ? { title, detail: detail ?? "" } : { title: tool ?? "", detail: args ?? "" };
}

/** The arguments that the row does not already show. */
function told(args, detail) {
  const short = [];
  const long = [];
  for (const [name, text] of given(args)) {
    if (text.length > 80 || text.includes("\n")) long.push([name, text]);
    else if (text !== "" && text !== detail) short.push(line(name ? `${name}: ${text}` : text));
  }
  return [
    short.length > 0 && h("div", { class: "quiet", text: short.join(" · ") }),
    ...long.map(([name, text]) =>
      h("div", { class: "told" }, copyButton(() => text), long.length > 1 && h("div", { class: "quiet", text: line(name) }), h("pre", { tabindex: "0", text: plain(text.slice(0, most)) })),
    ),
  ];
}

/** The arguments with their names. Arguments that cannot be parsed are one text. */
function given(args = "") {
  try {
    const read = JSON.parse(args);
    if (read && typeof read === "object") return Object.entries(read).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  } catch {
    // not JSON: shown as it is
  }
  return [["", args]];
}
