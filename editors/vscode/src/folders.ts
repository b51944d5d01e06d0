/** One server and one conversation for each workspace folder. The panel shows one of them. */
import * as vscode from "vscode";
import type { MessageConnection } from "vscode-jsonrpc/node";
import { Chat } from "./chat";
import { diagnosticsOf } from "./diagnostics";
import type { Log } from "./log";
import type { DiagnosticsParams, Event } from "./protocol";
import { Server } from "./server";
import { SettingsWatch } from "./settings";

export class Folders implements vscode.Disposable {
  private readonly chats = new Map<string, Chat>();
  private readonly changed = new vscode.EventEmitter<Server>();
  private readonly connected = new vscode.EventEmitter<{ chat: Chat; connection: MessageConnection }>();
  private readonly events = new vscode.EventEmitter<Event>();
  private readonly made = new vscode.EventEmitter<Chat>();
  private readonly shown = new vscode.EventEmitter<Chat>();
  private readonly disposables: { dispose(): void }[] = [
    this.changed,
    this.connected,
    this.events,
    this.made,
    this.shown,
  ];
  private current?: Chat;
  /** Fired when a server's state has changed. */
  readonly onDidChange = this.changed.event;
  /** Fired when a server has started, before the first message to it. */
  readonly onDidConnect = this.connected.event;
  readonly onEvent = this.events.event;
  readonly onDidMake = this.made.event;
  /** Fired when the panel shows another folder's conversation. */
  readonly onDidShow = this.shown.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: Log,
  ) {
    this.disposables.push(
      vscode.workspace.onDidChangeWorkspaceFolders(({ removed }) => {
        for (const folder of removed) void this.drop(folder.uri.toString());
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("pygent.mode")) for (const chat of this.all()) chat.modeChanged();
      }),
      new SettingsWatch(context.secrets, () => {
        for (const chat of this.all()) void chat.settingsChanged();
      }),
    );
  }

  /** The conversation in the panel; initially the first folder's. */
  get active(): Chat {
    return (this.current ??= this.of(vscode.workspace.workspaceFolders?.[0]));
  }

  /** The conversation of the document's folder, else the active one. */
  forDocument(document: vscode.TextDocument | undefined): Chat {
    const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
    return folder ? this.of(folder) : this.active;
  }

  /** Shows the conversation of a folder in the panel. */
  showFolder(folder: vscode.WorkspaceFolder): void {
    this.show(this.of(folder));
  }

  show(chat: Chat): void {
    if (this.current === chat) return;
    this.current = chat;
    this.shown.fire(chat);
  }

  all(): Chat[] {
    return [...this.chats.values()];
  }

  /** Ends all servers, and waits for them. */
  async close(): Promise<void> {
    await Promise.all(this.all().map((chat) => chat.server.dispose()));
  }

  dispose(): void {
    for (const chat of this.all()) chat.dispose();
    for (const d of this.disposables) d.dispose();
  }

  private of(folder: vscode.WorkspaceFolder | undefined): Chat {
    const key = folder?.uri.toString() ?? "";
    const known = this.chats.get(key);
    if (known) return known;
    const chat = this.make(folder);
    this.chats.set(key, chat);
    this.made.fire(chat);
    return chat;
  }

  private make(folder: vscode.WorkspaceFolder | undefined): Chat {
    const server = new Server(folder, this.context, this.log);
    const chat = new Chat(server, this.context.workspaceState, this.log);
    server.onDidChange(() => this.changed.fire(server));
    server.onEvent((event) => this.events.fire(event));
    server.onDidConnect((connection) => {
      connection.onRequest("editor/diagnostics", async ({ paths }: DiagnosticsParams) => ({
        diagnostics: await diagnosticsOf(folder, paths),
      }));
      this.connected.fire({ chat, connection });
    });
    return chat;
  }

  private async drop(key: string): Promise<void> {
    const chat = this.chats.get(key);
    if (!chat) return;
    this.chats.delete(key);
    if (this.current === chat) {
      this.current = undefined;
      this.shown.fire(this.active);
    }
    await chat.server.dispose();
    chat.dispose();
  }
}
