/** The changes of a turn in VS Code's diff editor: before the turn on the left, the current file on the right. */
import * as vscode from "vscode";
import type { Chat } from "./chat";
import { uriOf } from "./context";
import { notice } from "./escape";
import type { Approval } from "./messages";
import { applyPatch, patchOf, unapply } from "./patch";
import type { Server } from "./server";

const scheme = "pygent-text";
/** How many texts are kept for editors that may still be open. */
const maxTexts = 50;

export class Changes implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  private next = 1;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.query) ?? "This text is not kept any more: open the diff again.";
  }

  /** Opens the diff of one file of a turn. */
  async showTurn(chat: Chat, turnId: string, path: string): Promise<void> {
    const file = uriOf(chat.server.folder, path);
    const sessionId = (await chat.open()) ?? "";
    const { patch } = await chat.server.request("files/diff", { sessionId, turnId, paths: [path] });
    const part = patchOf(patch, path);
    if (!file || part === undefined) {
      void vscode.window.showInformationMessage(notice(`Pygent: there is no difference of ${path} to show.`));
      return;
    }
    const now = await readText(file);
    const before = unapply(part, now ?? "");
    if (before === undefined) return this.showPatch(path, part); // changed since, or binary
    const left = this.keep(path, before);
    const right = now === undefined ? this.keep(path, "") : file;
    await vscode.commands.executeCommand("vscode.diff", left, right, `${path} (before the turn ↔ now)`, {
      preview: true,
    });
  }

  /** Opens the diff of an edit that waits for approval. */
  async showProposal(server: Server, request: Approval, path: string): Promise<void> {
    const patch = request.changes?.find((change) => change.path === path)?.patch;
    const file = uriOf(server.folder, path);
    if (patch === undefined || !file) return;
    const now = await readText(file);
    const after = applyPatch(patch, now ?? "");
    if (after === undefined) return this.showPatch(path, patch);
    const left = now === undefined ? this.keep(path, "") : file;
    await vscode.commands.executeCommand("vscode.diff", left, this.keep(path, after), `${path} (now ↔ proposed)`, {
      preview: true,
    });
  }

  async open(folder: vscode.WorkspaceFolder | undefined, path: string): Promise<void> {
    const file = uriOf(folder, path);
    if (!file) return;
    try {
      await vscode.commands.executeCommand("vscode.open", file, { preview: true });
    } catch {
      void vscode.window.showInformationMessage(notice(`Pygent: ${path} is not there.`));
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.texts.clear();
  }

  private async showPatch(path: string, patch: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.keep(`${path}.diff`, patch));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  private keep(path: string, text: string): vscode.Uri {
    const id = String(this.next++);
    this.texts.set(id, text);
    const oldest = this.texts.keys().next().value;
    if (this.texts.size > maxTexts && oldest !== undefined) this.texts.delete(oldest);
    return vscode.Uri.from({ scheme, path: `/${path}`, query: id });
  }
}

/** The text of a file in the editor, saved or not; undefined: there is no such file. */
async function readText(file: vscode.Uri): Promise<string | undefined> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === file.toString());
  if (open) return open.getText();
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch {
    return undefined;
  }
}
