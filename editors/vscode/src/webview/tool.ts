/** A tool call as a row that can be opened: its title, its live output, how it ended. */
import { plainOutput, visible } from "../escape";
import type { Event } from "../protocol";
import { h, svg } from "./dom";
import { toolArguments, toolTitle } from "../toolnames";

/** How many last characters of output are on the page. */
const maxOutput = 64 << 10;
/** The most characters of an argument on the page. */
const maxArgument = 20_000;

export class Tool {
  readonly element: HTMLDetailsElement;
  private readonly state = h("span", { class: "state", role: "img", "aria-label": "running" });
  private readonly took = h("span", { class: "took" });
  private readonly output = h("pre", { class: "output", tabindex: "0", "aria-label": "Output" });
  private raw = "";
  /** the text that the server puts before a finished command's output */
  private readonly prompt: string;
  private frame = 0;
  private live = false;
  private touched = false;

  constructor(
    event: Event,
    private readonly grown: () => void,
  ) {
    const { verb, object } = toolTitle(event);
    this.prompt = event.terminal ? `$ ${visible(event.detail ?? "")}\n` : "";
    this.state.append(h("span", { class: "spinner" }));
    const summary = h(
      "summary",
      { onclick: () => (this.touched = true) },
      this.state,
      h("span", { class: "verb" }, verb),
      h("code", { title: object }, object),
      this.took,
      svg("chevron"),
    );
    this.element = h("details", { class: "tool running" }, summary, this.argumentsOf(event), this.output);
  }

  append(delta: string): void {
    this.raw = (this.raw + delta).slice(-maxOutput);
    if (!this.touched) this.element.open = true;
    this.live = true;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  finish(event: Event): void {
    this.raw = event.text ?? "";
    this.live = false;
    const failed = event.isError === true || (event.exitCode ?? 0) !== 0;
    this.element.classList.remove("running");
    this.element.classList.toggle("failed", failed);
    this.state.replaceChildren(svg(failed ? "cross" : "check"));
    this.state.setAttribute("aria-label", failed ? "failed" : "done");
    this.took.textContent = [
      event.exitCode ? `exit ${event.exitCode}` : "",
      event.truncated ? "cut" : "",
      duration(event.durationSeconds),
    ]
      .filter(Boolean)
      .join(" · ");
    if (!this.touched) this.element.open = failed;
    cancelAnimationFrame(this.frame);
    this.draw();
  }

  /** Ends the call, because its turn has ended. */
  abandon(): void {
    if (this.element.classList.contains("running"))
      this.finish({ text: this.prompt + this.raw, isError: true } as Event);
  }

  private draw(): void {
    this.frame = 0;
    const text = plainOutput(this.live ? this.prompt + this.raw : this.raw);
    const cut = text.length > maxOutput ? `… ${text.length - maxOutput} characters before this are not shown …\n` : "";
    const atEnd = this.output.scrollTop + this.output.clientHeight > this.output.scrollHeight - 20;
    this.output.textContent = cut + text.slice(-maxOutput).replace(/\n$/, "");
    if (atEnd) this.output.scrollTop = this.output.scrollHeight;
    this.grown();
  }

  /** The arguments that the summary does not show in full. */
  private argumentsOf(event: Event): HTMLElement | undefined {
    if (event.terminal) return undefined; // the output begins with the command
    const all = toolArguments(event.arguments ?? "").filter(([, text]) => text !== "");
    const [first] = all;
    if (all.length === 0 || (all.length === 1 && first && first[1].length < 60 && !first[1].includes("\n")))
      return undefined;
    const list = h("dl", { class: "arguments" });
    for (const [name, text] of all) {
      list.append(h("dt", {}, name), h("dd", {}, text.length > maxArgument ? `${text.slice(0, maxArgument)}…` : text));
    }
    return list;
  }
}

function duration(seconds: number | undefined): string {
  if (!seconds || seconds < 0.1) return "";
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
