/** A button on code blocks that copies them. */
import { h, iconButton } from "./dom";

export function addCopyButtons(block: HTMLElement): void {
  for (const pre of block.querySelectorAll("pre")) {
    const frame = h("div", { class: "code" });
    pre.replaceWith(frame);
    pre.tabIndex = 0; // scrollable by keyboard
    const copy = iconButton("copy", "Copy code", () => {
      void navigator.clipboard.writeText(pre.textContent).then(() => {
        copy.classList.add("done");
        setTimeout(() => copy.classList.remove("done"), 1200);
      });
    });
    frame.append(pre, copy);
  }
}
