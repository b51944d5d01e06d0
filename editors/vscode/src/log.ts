/** The log: what the extension and the server say, in VS Code's own log channel. */
import * as vscode from "vscode";

/** Characters of one line of the server's log that are kept. */
const maxLine = 4000;

export class Log implements vscode.Disposable {
  readonly channel = vscode.window.createOutputChannel("Pygent", { log: true });
  private readonly lastLines: string[] = [];

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

  /** Takes a piece of a server's stderr; keep is what a line without its end is kept in. */
  stderr(keep: { rest: string }, chunk: string): void {
    const lines = (keep.rest + chunk).split("\n");
    keep.rest = (lines.pop() ?? "").slice(-maxLine);
    for (const line of lines) this.serverLine(line);
  }

  /** The last lines that servers have written: why one has ended is often there. */
  tail(): string {
    return this.lastLines.join("\n");
  }

  private serverLine(raw: string): void {
    // Output of commands can be in a line: no control characters go to the screen.
    const line = raw.slice(0, maxLine).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\u00b7");
    if (line.trim() === "") return;
    this.lastLines.push(line);
    if (this.lastLines.length > 5) this.lastLines.shift();
    const level = /"level":"(\w+)"/.exec(line)?.[1] ?? /\b(debug|info|warn|error)\b/i.exec(line)?.[1]?.toLowerCase();
    if (level === "error") this.channel.error(line);
    else if (level === "warn") this.channel.warn(line);
    else this.channel.info(line);
  }

  dispose(): void {
    this.channel.dispose();
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Shows what went wrong with something that the user has asked for. */
export function showError(error: unknown): void {
  void vscode.window.showErrorMessage(`Pygent: ${messageOf(error)}`);
}
