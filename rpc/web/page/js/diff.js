// A unified patch as rows with line numbers.
import { h, plain } from "./dom.js";

const most = 1500; // rows shown at first

/**
 * Nodes for the files of a patch: [{path, node}]. It counts the lines of each hunk,
 * because a line in a hunk can look like the header of a file.
 */
export function patches(text) {
  const files = [];
  let current = null;
  let left = { old: 0, new: 0 }; // remaining lines of the hunk
  for (const line of text.split("\n")) {
    if ((left.old > 0 || left.new > 0) && /^(?:[-+ \\]|$)/.test(line)) {
      current.lines.push(line);
      if (line[0] !== "+" && line[0] !== "\\") left.old--;
      if (line[0] !== "-" && line[0] !== "\\") left.new--;
      continue;
    }
    if (line.startsWith("diff --git ") || (line.startsWith("--- ") && (!current || current.hunks))) {
      current = { path: "", lines: [], hunks: false };
      files.push(current);
    }
    if (!current) continue;
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    left = { old: Number(hunk?.[1] ?? (hunk ? 1 : 0)), new: Number(hunk?.[2] ?? (hunk ? 1 : 0)) };
    const target = !current.hunks && /^(?:\+\+\+ b\/|rename to )(.*)$/.exec(line);
    const source = !current.hunks && !current.path && /^--- a\/(.*)$/.exec(line);
    if (target || source) current.path = (target || source)[1];
    if (hunk) current.hunks = true;
    if (current.hunks || !/^(diff|index|---|\+\+\+|$)/.test(line)) current.lines.push(line);
  }
  return files.map(({ path, lines }) => ({ path, node: view(lines) }));
}

/** One file's change in one node, below its name. Text that is not a patch is shown as it is. */
export function patch({ path, patch: text }) {
  const node = h("div", { class: "patches" }, h("div", { class: "patch-name", text: plain(path) }), ...patches(text).map((file) => file.node));
  if (node.children.length === 1) node.append(h("p", { class: "quiet", text: plain(text) || "Nothing to show." }));
  return node;
}

function view(lines) {
  if (lines.at(-1) === "") lines.pop();
  const node = h("div", { class: "patch", tabindex: "0", role: "region", "aria-label": "Difference" });
  const body = h("div", { class: "patch-lines" });
  const numbers = { old: 0, new: 0 };
  node.append(body);
  const add = (part) => body.append(...part.map((line) => row(line, numbers)));
  add(lines.slice(0, most));
  if (lines.length > most) {
    const rest = lines.slice(most);
    const more = h("button", { class: "link", text: `Show ${rest.length} more lines` });
    more.addEventListener("click", () => {
      more.remove();
      add(rest);
    });
    node.append(more);
  }
  return node;
}

function row(line, numbers) {
  const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
  if (hunk) {
    numbers.old = Number(hunk[1]);
    numbers.new = Number(hunk[2]);
    return h("div", { class: "hunk", text: plain(`⋯ ${hunk[3].trim()}`) });
  }
  const sign = line[0] ?? " ";
  const kind = { "+": "plus", "-": "minus", " ": "same" }[sign] ?? "note";
  const number = kind === "plus" ? numbers.new++ : kind === "minus" ? numbers.old++ : kind === "same" ? (numbers.old++, numbers.new++) : "";
  return h(
    "div",
    { class: kind },
    h("span", { class: "number", "aria-hidden": "true", text: String(number) }),
    h("span", { class: "sign", text: kind === "note" ? "" : sign }),
    h("span", { class: "line", text: plain(kind === "note" ? line : line.slice(1)) || " " }),
  );
}
