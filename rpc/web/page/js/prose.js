// Markdown that grows. It renders at most once per animation frame, and renders only the
// last, open block again.
import { h } from "./dom.js";
import { markdown, codeBlock, fence, item } from "./markdown.js";

export class Prose {
  #text = "";
  #done = 0; // characters of #text in complete blocks, which do not change any more
  #open = h("div", { class: "open" });
  #code = null; // the open block if it is code
  #frame = 0;

  constructor() {
    this.node = h("div", { class: "prose" }, this.#open);
  }

  get empty() {
    return this.#text === "";
  }

  add(delta) {
    this.#text += delta.replace(/\r\n?/g, "\n");
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  }

  /** Sets the final text. */
  set(text) {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    text = text.replace(/\r\n?/g, "\n");
    if (!text.startsWith(this.#text.slice(0, this.#done))) {
      this.node.replaceChildren(this.#open);
      this.#done = 0;
    }
    this.#text = text;
    this.#code = null;
    const last = document.createDocumentFragment();
    markdown(last, text.slice(this.#done));
    this.#open.replaceChildren(last);
  }

  #show() {
    const end = lastBoundary(this.#text, this.#done);
    if (end > this.#done) {
      const whole = document.createDocumentFragment();
      markdown(whole, this.#text.slice(this.#done, end));
      this.node.insertBefore(whole, this.#open);
      this.#done = end;
      this.#code = null;
    }
    const rest = this.#text.slice(this.#done);
    if (this.#code) return this.#moreCode(rest);
    const first = rest.indexOf("\n");
    const found = first > 0 && fence.exec(rest.slice(0, first));
    if (found && !found[1]) {
      const block = codeBlock(found[3], "");
      this.#code = { ...block, from: first + 1, close: found[2] };
      this.#open.replaceChildren(block.node);
      return this.#moreCode(rest);
    }
    const open = document.createDocumentFragment();
    markdown(open, rest);
    this.#open.replaceChildren(open);
  }

  /** Appends the complete new lines. An incomplete last line could be the fence. */
  #moreCode(rest) {
    const end = rest.lastIndexOf("\n") + 1;
    if (end <= this.#code.from) return;
    this.#code.more(rest.slice(this.#code.from, end));
    this.#code.from = end;
  }
}

/**
 * The last position after from where a block certainly begins at the left margin: after a
 * blank line, at a fence, or after one. It ignores an incomplete line.
 */
function lastBoundary(text, from) {
  let boundary = from;
  let blank = false;
  let listed = false;
  let close = null;
  for (let at = from; ; ) {
    const end = text.indexOf("\n", at);
    if (end < 0) return boundary;
    const line = text.slice(at, end);
    const found = fence.exec(line);
    if (close) {
      if (found && !found[3] && found[2].startsWith(close)) {
        close = null;
        boundary = end + 1;
      }
    } else if (found && !found[1]) {
      boundary = at;
      close = found[2];
      listed = false;
    } else if (found) {
      return boundary; // code in a list: wait for the end of the list
    } else if (blank && /^\S/.test(line) && !(listed && item.test(line))) {
      boundary = at;
      listed = item.test(line);
    } else if (item.test(line)) {
      listed = true;
    }
    blank = !close && line.trim() === "";
    at = end + 1;
  }
}
