/** A unified patch, coloured by line. */
import { visible } from "../escape";
import { h } from "./dom";

/** The most lines on the page. */
const maxLines = 400;

export interface PatchView {
  element: HTMLElement;
  added: number;
  removed: number;
}

export function patchView(patch: string): PatchView {
  const all = patch.replace(/\n$/, "").split("\n");
  // The file's header ends at the first hunk. After that, "--- x" is the removed line "-- x".
  const begin = all.findIndex((line) => line.startsWith("@@ "));
  const lines = begin < 0 ? all.filter((line) => !/^(diff --git|index |--- |\+\+\+ )/.test(line)) : all.slice(begin);
  const list = h("div");
  for (const line of lines.slice(0, maxLines)) {
    const hunk = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(line)?.[1];
    if (hunk === undefined) list.append(h("span", { class: kindOf(line) }, `${visible(line)}\n`));
    else if (Number(hunk) > 1) list.append(h("span", { class: "hunk" }, `⋯ line ${hunk}\n`));
  }
  if (lines.length > maxLines)
    list.append(
      h("span", { class: "hunk" }, `✂ … ${lines.length - maxLines} more lines: the name of the file opens all of it`),
    );
  return {
    element: h("pre", { class: "patch", tabindex: "0", "aria-label": "Proposed change" }, list),
    added: lines.filter((line) => line.startsWith("+")).length,
    removed: lines.filter((line) => line.startsWith("-")).length,
  };
}

function kindOf(line: string): string {
  return line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "";
}
