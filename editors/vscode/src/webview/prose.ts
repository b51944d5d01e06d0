/**
 * A growing message of the model. Finished blocks are rendered once. The open one is
 * rendered again at most once per frame, and less often if that takes long.
 */
import { Blocks } from "./blocks";
import { h } from "./dom";
import { addCopyButtons } from "./copy";
import { render } from "./markdown";

/** The share of the time that rendering may take. */
const share = 0.2;
/** The most characters shown of a growing code block, because a longer layout takes too long. */
const maxOpenCode = 8000;
/** The most characters of other open blocks. A longer one is split into two paragraphs. */
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

  /** Completes the message. text replaces the streamed text if it differs. */
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

/** The first line and the last lines. */
function tail(text: string): string {
  if (text.length <= maxOpenCode) return text;
  const first = text.slice(0, text.indexOf("\n") + 1);
  const from = text.indexOf("\n", text.length - maxOpenCode) + 1;
  return `${first}…\n${text.slice(from)}`;
}

/** Where to split a block that is too long to be rendered repeatedly: 0 for a shorter one. */
function tooLong(text: string): number {
  return text.length > 2 * maxOpenText ? text.lastIndexOf(" ", maxOpenText) + 1 : 0;
}
