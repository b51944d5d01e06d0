/** The panel's requests about files and links: diffs, undo, rewind. */
import * as vscode from "vscode";
import type { Approvals } from "./approve";
import type { Changes } from "./changes";
import type { Chat } from "./chat";
import { linkKind, relativePath } from "./links";
import type { FromPanel, ToPanel } from "./messages";
import { rewind, undo } from "./undo";

type FileRequest = Extract<FromPanel, { type: "open" | "diff" | "preview" | "undo" | "rewind" | "link" }>;

export class FileRequests {
  constructor(
    private readonly approvals: Approvals,
    private readonly changes: Changes,
  ) {}

  /** Handles a request of the panel and returns the messages for it. */
  async receive(chat: Chat, message: FileRequest): Promise<ToPanel[]> {
    switch (message.type) {
      case "open":
        await this.changes.open(chat.server.folder, message.path);
        return [];
      case "diff":
        await this.changes.showTurn(chat, message.turnId, message.path);
        return [];
      case "preview": {
        const asked = this.approvals.find(message.key);
        if (asked) await this.changes.showProposal(asked.server, asked.request, message.path);
        return [];
      }
      case "undo": {
        const undone = await undo(chat, message.turnId, message.paths);
        return undone ? [{ type: "undone", undone }] : [];
      }
      case "rewind":
        return this.goBack(chat, message.turnId, message.text);
      case "link":
        await this.follow(chat, message.href);
        return [];
    }
  }

  private async goBack(chat: Chat, turnId: string, text: string): Promise<ToPanel[]> {
    const detail = "The conversation from here on goes, and the files become what they were.";
    const go = await vscode.window.showWarningMessage(
      "Go back to before this message?",
      { modal: true, detail },
      "Go Back",
    );
    if (!go || !(await rewind(chat, turnId))) return [];
    const { events, cut } = chat.transcript;
    return [
      { type: "reset", events, cut },
      { type: "compose", text, attachments: [] },
    ];
  }

  private async follow(chat: Chat, href: string): Promise<void> {
    const path = relativePath(href);
    if (linkKind(href) === "web") await vscode.env.openExternal(vscode.Uri.parse(href, true));
    else if (path !== undefined) await this.changes.open(chat.server.folder, path);
  }
}
