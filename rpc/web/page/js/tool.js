// One call of a tool: a row that opens to what it was told and what came out.
import { h, plain, line, output, duration, copyButton } from "./dom.js";

const most = 200_000; // characters of output that are kept on the page

const names = {
  bash: "Command",
  write_file: "Write",
  download_file: "Read",
  delegate_task: "Delegate",
  task_status: "Task status",
  collect_file: "Collect",
  ask_user: "Question",
  stop: "Stop",
  job_output: "Output of job",
  job_kill: "End job",
};

export class Tool {
  #meta = h("span", { class: "meta" });
  #out = document.createTextNode("");
  #pre = h("pre", { class: "output", tabindex: "0" }, this.#out);
  #raw = "";
  #frame = 0;
  #touched = false;
  #begun = Date.now();
  #timer = 0;

  constructor({ tool, arguments: args, time }, live) {
    const given = parse(args);
    this.#begun = Date.parse(time) || Date.now();
    this.node = h(
      "details",
      { class: "tool running" },
      h(
        "summary",
        {},
        h("span", { class: "state", "aria-hidden": "true" }),
        h("span", { class: "tool-name", text: names[tool] ?? plain(tool) }),
        h("code", { class: "short", text: short(tool, given, args) }),
        this.#meta,
      ),
      h("div", { class: "tool-body" }, ...told(tool, given, args), this.#pre),
    );
    this.#pre.hidden = true;
    this.node.querySelector("summary").addEventListener("click", () => (this.#touched = true));
    if (live) this.#timer = setInterval(() => this.#tick(), 1000);
  }

  #tick() {
    this.#meta.textContent = duration((Date.now() - this.#begun) / 1000);
  }

  /** Live output. */
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

  /** The turn is over and nothing came: it never ended as far as we know. */
  abandon() {
    clearInterval(this.#timer);
    if (!this.node.classList.contains("running")) return;
    this.node.classList.replace("running", "failed");
    this.#meta.textContent = "no result";
  }
}

function parse(args) {
  try {
    const given = JSON.parse(args);
    return given && typeof given === "object" ? given : {};
  } catch {
    return {};
  }
}

function short(tool, given, args) {
  const value = given.cmd ?? given.path ?? given.prompt ?? given.task_id ?? given.job_id ?? (tool === "stop" ? "" : args);
  return line(String(value ?? "").slice(0, 400)).slice(0, 240);
}

/** What the tool was told, where the row's one line does not have it all. */
function told(tool, given, args) {
  const text = tool === "write_file" ? given.content : (given.cmd ?? given.prompt ?? args);
  if (typeof text !== "string" || text === "" || (tool !== "write_file" && text.length <= 80 && !text.includes("\n"))) return [];
  return [h("div", { class: "told" }, copyButton(() => text), h("pre", { tabindex: "0", text: plain(text.slice(0, most)) }))];
}
