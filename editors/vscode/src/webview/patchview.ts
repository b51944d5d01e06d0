/** A unified patch, coloured by line. */
import { visible } from "../escape";
import { h } from "./dom";

/** Lines in the page at the most. */
const maxLines = 400;

export function patchLines(patch: string): HTMLElement {
  const view = h("pre", { class: "patch", tabindex: "0", "aria-label": "Proposed change" });
  const lines = patch
    .replace(/\n$/, "")
    .split("\n")
    .filter((line) => !/^(diff --git|index |--- |\+\+\+ )/.test(line));
  for (const line of lines.slice(0, maxLines)) {
    const kind = line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : line.startsWith("@") ? "hunk" : "";
    view.append(h("span", { class: kind }, `${visible(line)}\n`));
  }
  if (lines.length > maxLines) view.append(h("span", { class: "hunk" }, `… ${lines.length - maxLines} more lines`));
  return view;
}
