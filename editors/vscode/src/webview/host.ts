/** The way to the extension. */
import type { FromPanel } from "../messages";

interface VsCode {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCode;

const vscode = acquireVsCodeApi();

export function send(message: FromPanel): void {
  vscode.postMessage(message);
}

/** What the user has typed and not sent, kept while the panel is hidden. */
export function draft(): string {
  const state = vscode.getState();
  return typeof state === "object" && state && "draft" in state ? String(state.draft) : "";
}

export function keepDraft(text: string): void {
  vscode.setState({ draft: text });
}
