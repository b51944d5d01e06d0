/** The extension's side of the panel: fills it, forwards events, and handles its requests. */
import * as vscode from "vscode";
import type { Approvals } from "./approve";
import type { FileRequests } from "./filerequests";
import type { Chat } from "./chat";
import { completeFiles } from "./context";
import type { FirstStart } from "./firststart";
import type { Folders } from "./folders";
import { Gather } from "./gather";
import { showError } from "./log";
import type { Attachment, FromPanel, Prompt, Recent, ToPanel } from "./messages";
import { panelHtml } from "./html";
import { stateOf } from "./panelstate";

export const viewId = "pygent.chat";

export class View implements vscode.WebviewViewProvider, vscode.Disposable {
  private view?: vscode.WebviewView;
  private ready = false;
  private readonly gathered = new Gather((events) => this.post({ type: "events", events }));
  private readonly recent = new WeakMap<Chat, Recent[]>();
  private readonly drafts: Prompt[] = [];
  /** key of the request that the page must focus */
  private wanted?: string;
  private readonly disposables: { dispose(): void }[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly folders: Folders,
    private readonly approvals: Approvals,
    private readonly requests: FileRequests,
    private readonly first: FirstStart,
  ) {
    this.disposables = [
      vscode.window.registerWebviewViewProvider(viewId, this),
      folders.onDidMake((chat) => this.follow(chat)),
      folders.onDidShow((chat) => {
        this.fill();
        if (this.ready) void this.restore(chat).catch(showError);
      }),
      folders.onDidChange(() => this.postState()),
      first.onDidChange(() => this.postState()),
      approvals.onDidChange(() => this.post({ type: "asks", asks: approvals.pending })),
    ];
  }

  isVisible(): boolean {
    return this.view?.visible ?? false;
  }

  show(): void {
    void vscode.commands.executeCommand(`${viewId}.focus`);
  }

  /** Shows the request with that key; if the page is not ready, when it is. */
  showAsk(key: string): void {
    this.show();
    this.wanted = key;
    this.postWaiting();
  }

  /** Puts text into the panel's input for the user to continue. */
  compose(text: string, attachments: Attachment[] = []): void {
    this.show();
    this.takeBack({ text, attachments });
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    this.ready = false;
    view.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.extensionUri, "dist")],
    };
    view.webview.onDidReceiveMessage((message: FromPanel) => void this.receive(message).catch(showError));
    view.onDidDispose(() => {
      if (this.view !== view) return;
      this.view = undefined;
      this.ready = false;
    });
    view.onDidChangeVisibility(() => {
      if (view.visible) return;
      this.ready = false; // the page is gone; a new one sends ready
      this.approvals.panelHidden();
    });
    view.webview.html = panelHtml(view.webview, this.extensionUri);
  }

  dispose(): void {
    this.gathered.clear();
    for (const d of this.disposables) d.dispose();
  }

  private follow(chat: Chat): void {
    chat.onEvent((event) => {
      if (chat === this.folders.active) this.gathered.add(event);
    });
    chat.onReset(() => {
      if (chat === this.folders.active) this.fill();
      if (this.ready) void this.listRecent(chat).catch(showError);
    });
    chat.onState(() => this.postState());
    chat.onUnsent((prompt) => this.takeBack(prompt));
  }

  private fill(): void {
    this.gathered.clear();
    const { transcript } = this.folders.active;
    this.postState();
    this.post({ type: "reset", events: transcript.events, cut: transcript.cut });
    this.post({ type: "asks", asks: this.approvals.pending });
  }

  private post(message: ToPanel): void {
    if (!this.ready) return;
    if (message.type !== "events") this.gathered.flush(); // keeps the order
    void this.view?.webview.postMessage(message);
  }

  private postState(): void {
    const { active } = this.folders;
    this.post({ type: "state", state: stateOf(active, this.recent.get(active), this.first.found) });
  }

  /** Shows the session that was last open in the folder. */
  private async restore(chat: Chat): Promise<void> {
    await chat.restore();
    await this.listRecent(chat);
  }

  private async listRecent(chat: Chat): Promise<void> {
    if (chat.server.state !== "running") return;
    this.recent.set(chat, await chat.session.list(20));
    this.postState();
  }

  /** Sends what waited for the page. */
  private postWaiting(): void {
    if (!this.ready) return;
    for (const draft of this.drafts.splice(0)) this.post({ type: "compose", ...draft });
    if (this.wanted !== undefined) this.post({ type: "showAsk", key: this.wanted });
    this.wanted = undefined;
  }

  private takeBack({ text, attachments }: Prompt): void {
    this.drafts.push({ text, attachments });
    this.postWaiting();
  }

  private async receive(message: FromPanel): Promise<void> {
    const chat = this.folders.active;
    switch (message.type) {
      case "ready":
        this.ready = true;
        this.fill();
        this.postWaiting();
        return this.restore(chat);
      case "send":
        return chat.turns.send(message.prompt);
      case "stop":
        return chat.turns.stop();
      case "retry":
        return chat.turns.retry(message.text);
      case "unqueue": {
        const prompt = chat.turns.unqueue(message.id);
        return prompt && this.takeBack(prompt);
      }
      case "approve":
        return this.approvals.approve(message.key, message.decision, message.feedback);
      case "answer":
        return this.approvals.answer(message.key, message.answer);
      case "resume":
        return chat.resume(message.sessionId);
      case "files":
        return this.post({
          type: "files",
          query: message.query,
          paths: await completeFiles(chat.server.folder, message.query),
        });
      case "command":
        // Only commands of this extension, because a page must not run others.
        if (/^pygent\.\w+$/.test(message.command)) await vscode.commands.executeCommand(message.command);
        return;
      case "useServer": {
        const server = this.first.found?.find(({ baseUrl }) => baseUrl === message.baseUrl);
        if (server) await vscode.commands.executeCommand("pygent.useServer", server);
        return;
      }
      default:
        for (const answer of await this.requests.receive(chat, message)) this.post(answer);
    }
  }
}
