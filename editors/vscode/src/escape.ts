/** Makes text of models and commands safe to approve: hidden and reordering characters become visible. */

/** Control characters except tab and line feed, bidirectional controls, zero-width and other invisible characters. */
const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** Text with hidden characters as \u{202e} and the like. */
export function visible(text: string): string {
  return text.replace(hidden, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * Text for VS Code's notifications and dialogs. There [words](command:…) would become a link that hides and runs the
 * command, and an end of a line would look like a space.
 */
export function notice(text: string): string {
  return visible(text)
    .replace(/\]\(/g, "]\u2060(") // the character between has no width
    .replace(/\s*\n\s*/g, " ⏎ ");
}

/** Output without control characters, colours and cursor movements. A carriage return starts the line again. */
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

/** The last state of a line: a carriage return starts it again; one at its end is only removed. */
function overwritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(line.lastIndexOf("\r", end - 1) + 1, end);
}
