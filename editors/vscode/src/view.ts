/** The panel's end in the extension: fills it, passes on what happens, and does what it asks for. */
import * as vscode from "vscode";
import type { Approvals } from "./approve";
import type { FileRequests } from "./filerequests";
import type { Chat } from "./chat";
import { completeFiles } from "./context";
import type { Folders } from "./folders";
import { showError } from "./log";
import type { Attachment, FromPanel, Recent, ToPanel } from "./messages";
import { panelHtml } from "./html";
import type { Event } from "./protocol";
import { stateOf } from "./panelstate";
import { mergeable } from "./transcript";

export const viewId = "pygent.chat";
/** Milliseconds that events are gathered before they go to the panel together. */
const gather = 16;

export class View implements vscode.WebviewViewProvider, vscode.Disposable {
  private view?: vscode.WebviewView;
  private ready = false;
  private buffer: Event[] = [];
  private timer?: NodeJS.Timeout;
  private recent: Recent[] = [];
  private draft?: { text: string; attachments: Attachment[] };
  private readonly disposables: { dispose(): void }[];

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly folders: Folders,
    private readonly approvals: Approvals,
    private readonly requests: FileRequests,
  ) {
    this.disposables = [
      vscode.window.registerWebviewViewProvider(viewId, this),
      folders.onDidMake((chat) => this.follow(chat)),
      folders.onDidShow(() => this.fill()),
      folders.onDidChange(() => this.postState()),
      approvals.onDidChange(() => this.post({ type: "asks", asks: approvals.pending })),
    ];
  }

  isVisible(): boolean {
    return this.view?.visible ?? false;
  }

  show(): void {
    void vscode.commands.executeCommand(`${viewId}.focus`);
  }

  /** Puts text into the panel's input, for the user to go on with. */
  compose(text: string, attachments: Attachment[] = []): void {
    this.draft = { text, attachments };
    this.show();
    this.postDraft();
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
      if (!view.visible) this.ready = false; // its page is gone; it says ready when there is a new one
    });
    view.webview.html = panelHtml(view.webview, this.extensionUri);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const d of this.disposables) d.dispose();
  }

  private follow(chat: Chat): void {
    chat.onEvent((event) => {
      if (chat === this.folders.active) this.gather(event);
    });
    chat.onReset(() => {
      if (chat === this.folders.active) this.fill();
    });
    chat.onState(() => this.postState());
  }

  private gather(event: Event): void {
    const last = this.buffer.at(-1);
    if (last && mergeable(last, event)) last.delta = (last.delta ?? "") + (event.delta ?? "");
    else this.buffer.push({ ...event });
    this.timer ??= setTimeout(() => this.flush(), gather);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const events = this.buffer;
    this.buffer = [];
    if (events.length > 0) this.post({ type: "events", events });
  }

  private fill(): void {
    this.buffer = [];
    const { transcript } = this.folders.active;
    this.postState();
    this.post({ type: "reset", events: transcript.events, cut: transcript.cut });
    this.post({ type: "asks", asks: this.approvals.pending });
  }

  private post(message: ToPanel): void {
    if (!this.ready) return;
    if (message.type !== "events") this.flush(); // in the order in which it happened
    void this.view?.webview.postMessage(message);
  }

  private postState(): void {
    this.post({ type: "state", state: stateOf(this.folders.active, this.recent) });
  }

  private postDraft(): void {
    if (!this.draft || !this.ready) return;
    this.post({ type: "compose", ...this.draft });
    this.draft = undefined;
  }

  private async receive(message: FromPanel): Promise<void> {
    const chat = this.folders.active;
    switch (message.type) {
      case "ready":
        this.ready = true;
        this.fill();
        this.postDraft();
        await chat.restore();
        this.recent = await chat.session.list(20);
        return this.postState();
      case "send":
        return chat.send(message.prompt);
      case "stop":
        return chat.stop();
      case "retry":
        return chat.retry();
      case "unqueue": {
        const prompt = chat.unqueue(message.id);
        return prompt && this.post({ type: "compose", ...prompt });
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
        // Only this extension's own: a page must not reach others.
        if (/^pygent\.\w+$/.test(message.command)) await vscode.commands.executeCommand(message.command);
        return;
      default:
        for (const answer of await this.requests.receive(chat, message)) this.post(answer);
    }
  }
}
