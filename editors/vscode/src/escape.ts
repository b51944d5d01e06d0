/** Makes text of models and commands safe to decide on: what a screen would hide or reorder is spelt out. */

/** Control characters but tab and line feed, bidirectional controls, zero-width and other invisible characters. */
const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Text with hidden characters as \u{202e} and the like. */
export function visible(text: string): string {
  return text.replace(hidden, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * Text for VS Code's own surfaces, in which [words](command:…) would become a link that hides where it leads, and
 * runs it when it is clicked; an end of a line, which would look like a space there, is shown.
 */
export function notice(text: string): string {
  return visible(text)
    .replace(/\]\(/g, "]\u2060(") // the character between is as wide as nothing
    .replace(/\s*\n\s*/g, " ⏎ ");
}

/** Output without control characters, colours and cursor movements; a carriage return goes back to the line's begin. */
export function plainOutput(text: string): string {
  return text
    .replace(
      /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|.)/gs,
      "",
    )
    .replace(/\r\n/g, "\n")
    .split("\n")
    .map(overwritten)
    .join("\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

/** What is left of a line in which a carriage return went back to its begin; at its end it is only taken off. */
function overwritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}
