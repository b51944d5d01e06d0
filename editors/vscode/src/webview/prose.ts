/**
 * A message of the model while it is written. Finished blocks are rendered once;
 * only the open one is rendered anew, at most once a frame, and less often the
 * longer that takes.
 */
import { Blocks } from "./blocks";
import { h } from "./dom";
import { addCopyButtons } from "./copy";
import { render } from "./markdown";

/** Rendering may take this share of the time. */
const share = 0.2;
/** Characters of a code block that are shown while it grows: laying out all of it anew takes too long. */
const maxOpenCode = 8000;
/** Characters of other blocks after which they are parted: two paragraphs instead of one. */
const maxOpenText = 8000;

export class Prose {
  readonly element = h("div", { class: "prose" });
  private readonly blocks = new Blocks();
  private open?: HTMLElement;
  private text = "";
  private whole = "";
  private frame = 0;
  private notBefore = 0;

  constructor(private readonly grown: () => void) {}

  append(delta: string): void {
    this.text += delta;
    this.whole += delta;
    this.frame ||= requestAnimationFrame((now) => this.draw(now));
  }

  /** The message is complete; its text counts when it is another one than what was streamed. */
  finish(text: string): void {
    cancelAnimationFrame(this.frame);
    if (text !== this.whole) {
      this.element.replaceChildren();
      this.open = undefined;
      this.text = this.whole = text;
    }
    if (this.text !== "") this.settle(this.text);
    this.text = "";
    this.grown();
  }

  private draw(now: number): void {
    this.frame = 0;
    if (now < this.notBefore) {
      this.frame = requestAnimationFrame((later) => this.draw(later));
      return;
    }
    const began = performance.now();
    const finished = this.blocks.finished(this.text) || (this.blocks.inCode ? 0 : tooLong(this.text));
    if (finished > 0) {
      this.settle(this.text.slice(0, finished));
      this.text = this.text.slice(finished);
      this.blocks.cut(finished);
    }
    if (this.text !== "") {
      this.open ??= this.element.appendChild(h("div", { class: "block open" }));
      this.open.innerHTML = render(this.blocks.inCode ? tail(this.text) : this.text, false);
    }
    this.grown();
    this.notBefore = now + (performance.now() - began) / share;
  }

  private settle(text: string): void {
    const block = this.open ?? this.element.appendChild(h("div"));
    block.className = "block";
    block.innerHTML = render(text, true);
    addCopyButtons(block);
    this.open = undefined;
  }
}

/** The first line and the last ones. */
function tail(text: string): string {
  if (text.length <= maxOpenCode) return text;
  const first = text.slice(0, text.indexOf("\n") + 1);
  const from = text.indexOf("\n", text.length - maxOpenCode) + 1;
  return `${first}…\n${text.slice(from)}`;
}

/** Where a block that is too long to be rendered again and again is parted: 0 for one that is not. */
function tooLong(text: string): number {
  return text.length > 2 * maxOpenText ? text.lastIndexOf(" ", maxOpenText) + 1 : 0;
}
