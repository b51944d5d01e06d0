/** The connection to the extension. */
import type { Attachment, FromPanel } from "../messages";

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

/** The unsent message and its attachments. */
export interface Draft {
  draft: string;
  attachments: Attachment[];
}

/** The draft from before the panel was hidden. */
export function draft(): Draft {
  const { draft = "", attachments = [] } = (vscode.getState() ?? {}) as Partial<Draft>;
  return { draft, attachments };
}

export function keepDraft(state: Draft): void {
  vscode.setState(state);
}
