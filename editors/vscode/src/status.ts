/** The status bar item: the state of the server, and the sandbox of commands. */
import * as vscode from "vscode";
import type { Approvals } from "./approve";
import type { Folders } from "./folders";

const sandboxes: Record<string, string> = {
  container: "Commands run in a container.",
  strong: "Commands run in a strong local sandbox.",
  medium: "Commands run in a local sandbox of medium strength.",
  none: "Commands run without a sandbox.",
};

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("pygent.status", vscode.StatusBarAlignment.Right, 100);
  private readonly disposables: { dispose(): void }[];

  constructor(
    private readonly folders: Folders,
    private readonly approvals: Approvals,
  ) {
    this.item.name = "Pygent";
    this.item.command = "pygent.chat.focus";
    const update = (): void => this.update();
    this.disposables = [
      this.item,
      folders.onDidChange(update),
      folders.onDidShow(update),
      folders.onDidMake((chat) => chat.onState(update)),
      approvals.onDidChange(update),
    ];
    this.update();
    this.item.show();
  }

  private update(): void {
    const { server, turns } = this.folders.active;
    const sandbox = server.info?.runtime.sandbox ?? "";
    const { approvals, questions } = this.approvals.pending;
    const asks = approvals.length + questions.length > 0;
    const [icon, state] = asks
      ? ["bell-dot", "Waits for you."]
      : server.state === "failed"
        ? ["error", server.problem?.title ?? "Failed."]
        : server.state === "starting" || server.state === "waiting"
          ? ["sync~spin", "The server is being started."]
          : turns.busy
            ? ["loading~spin", "Working."]
            : ["hubot", server.state === "running" ? "Ready." : "Not started."];
    this.item.text = `$(${icon}) Pygent${server.state === "running" && sandbox ? `: ${sandbox}` : ""}`;
    this.item.tooltip = [state, sandboxes[sandbox], server.info?.runtime.reason].filter(Boolean).join("\n");
    this.item.accessibilityInformation = { label: `Pygent: ${state} ${sandboxes[sandbox] ?? ""}` };
    this.item.backgroundColor = background(
      asks || (server.state === "running" && sandbox === "none"),
      server.state === "failed",
    );
  }

  dispose(): void {
    for (const d of this.disposables) d.dispose();
  }
}

function background(warn: boolean, failed: boolean): vscode.ThemeColor | undefined {
  if (failed) return new vscode.ThemeColor("statusBarItem.errorBackground");
  return warn ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
}
