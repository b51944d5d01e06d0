/** The log of the extension and the server, in a log channel of VS Code. */
import * as vscode from "vscode";
import { notice } from "./escape";
import { messageOf } from "./problems";

/** The most characters of one line of the server's log. */
const maxLine = 4000;
/** How many last lines of a server are kept in memory. */
const keptLines = 5;

/** The stderr of one server: an incomplete line, and the last complete ones. */
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
    // A line can contain output of commands, so control characters are replaced.
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

/** Shows the error of an action of the user. */
export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(notice(`Pygent: ${messageOf(error)}`));
}
