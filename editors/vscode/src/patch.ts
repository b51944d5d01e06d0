/** Applies a unified patch of one file to its text, forwards or backwards. It does not use VS Code. */

interface Hunk {
  oldStart: number;
  newStart: number;
  lines: string[];
}

/** The part of a patch for the file path, or undefined. */
export function patchOf(patch: string, path: string): string | undefined {
  const parts: string[] = [];
  let [before, after] = [0, 0]; // remaining lines of the hunk
  let named = false; // by "diff --git", to which the next "---" belongs
  for (const line of splitLines(patch)) {
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (before > 0 || after > 0) {
      if (/^[- ]/.test(line)) before--;
      if (/^[+ ]/.test(line)) after--;
    } else if (hunk) {
      [before, after, named] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1), false];
    } else if (line.startsWith("diff --git ") || (line.startsWith("--- ") && !named)) {
      named = line.startsWith("diff");
      parts.push("");
    }
    parts.push((parts.pop() ?? "") + line);
  }
  return parts.find((part) => names(part).includes(path));
}

function names(part: string): string[] {
  const found: string[] = [];
  for (const line of part.split("\n", 12)) {
    if (line.startsWith("@@ ")) break;
    const name = /^(?:---|\+\+\+) "?[ab]\/(.*?)"?(?:\t.*)?$/.exec(line)?.[1];
    if (name !== undefined) found.push(name);
  }
  return found;
}

/** The text before the patch, given the text after it; undefined when it does not fit. */
export function unapply(patch: string, after: string): string | undefined {
  return apply(patch, after, true);
}

/** The text after the patch, given the text before it; undefined when it does not fit. */
export function applyPatch(patch: string, before: string): string | undefined {
  return apply(patch, before, false);
}

function apply(patch: string, text: string, backwards: boolean): string | undefined {
  const lines = splitLines(text);
  const out: string[] = [];
  let at = 0;
  const hunks = parse(patch);
  if (hunks.length === 0) return undefined; // binary, or a sentence instead of a patch
  for (const hunk of hunks) {
    const take = hunk.lines.filter((line) => line[0] !== (backwards ? "-" : "+"));
    const give = hunk.lines.filter((line) => line[0] !== (backwards ? "+" : "-")).map((line) => line.slice(1));
    const named = backwards ? hunk.newStart : hunk.oldStart;
    const start = take.length === 0 ? named : named - 1; // "-0,0" and "-5,0" mean after that line
    if (start < at || !take.every((line, i) => lines[start + i] === line.slice(1))) return undefined;
    out.push(...lines.slice(at, start), ...give);
    at = start + take.length;
  }
  return out.concat(lines.slice(at)).join("");
}

/** Lines with their line ends; the last one may have none. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function parse(patch: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const line of splitLines(patch)) {
    const head = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    const hunk = hunks.at(-1);
    if (head) hunks.push({ oldStart: Number(head[1]), newStart: Number(head[2]), lines: [] });
    else if (hunk && /^[ +-]/.test(line)) hunk.lines.push(line);
    else if (hunk && line.startsWith("\\")) dropEnd(hunk.lines);
  }
  return hunks;
}

/** Handles "\ No newline at end of file", which refers to the line before it. */
function dropEnd(lines: string[]): void {
  const last = lines.pop();
  if (last !== undefined) lines.push(last.replace(/\r?\n$/, ""));
}
