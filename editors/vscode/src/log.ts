/** The log: what the extension and the server say, in VS Code's own log channel. */
import * as vscode from "vscode";
import { notice } from "./escape";
import { messageOf } from "./problems";

/** Characters of one line of the server's log that are kept. */
const maxLine = 4000;
/** Lines of one server that are kept at hand. */
const keptLines = 5;

/** What one server has written: a line without its end, and the last whole ones. */
export interface Said {
  rest: string;
  last: string[];
}

export class Log implements vscode.Disposable {
  readonly channel = vscode.window.createOutputChannel("Pygent", { log: true });

  info(text: string): void {
    this.channel.info(text);
  }

  warn(text: string): void {
    this.channel.warn(text);
  }

  error(text: string, error?: unknown): void {
    this.channel.error(error === undefined ? text : `${text}: ${messageOf(error)}`);
  }

  show(): void {
    this.channel.show(true);
  }

  /** Takes a piece of a server's stderr. */
  stderr(said: Said, chunk: string): void {
    const lines = (said.rest + chunk).split("\n");
    said.rest = (lines.pop() ?? "").slice(-maxLine);
    for (const line of lines) this.serverLine(said, line);
  }

  private serverLine({ last }: Said, raw: string): void {
    // Output of commands can be in a line: no control characters go to the screen.
    const line = raw.slice(0, maxLine).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u00b7");
    if (line.trim() === "") return;
    last.push(line);
    if (last.length > keptLines) last.shift();
    const level = /"level":"(\w+)"/.exec(line)?.[1] ?? /\b(debug|info|warn|error)\b/i.exec(line)?.[1]?.toLowerCase();
    if (level === "error") this.channel.error(line);
    else if (level === "warn") this.channel.warn(line);
    else this.channel.info(line);
  }

  dispose(): void {
    this.channel.dispose();
  }
}

/** Shows what went wrong with something that the user has asked for. */
export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(notice(`Pygent: ${messageOf(error)}`));
}
