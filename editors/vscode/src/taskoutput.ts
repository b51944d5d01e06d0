/** The output of delegated agents, as read-only documents that grow while they are open. */
import * as vscode from "vscode";
import { plainOutput } from "./escape";
import type { Folders } from "./folders";
import type { Event } from "./protocol";
import type { Server } from "./server";
import type { TaskNode } from "./tasks";

const scheme = "pygent-task";
/** How many last characters of a task's output are kept, and for how many tasks. */
const maxChars = 1 << 20;
const maxTasks = 100;
/** Milliseconds between two updates of a document. */
const pause = 200;

export class TaskOutput implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly disposables: { dispose(): void }[];
  readonly onDidChange = this.changed.event;

  constructor(folders: Folders) {
    this.disposables = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      folders.onEvent((event) => this.add(event)),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.query) || "Nothing yet.\n";
  }

  async show({ task, chat }: TaskNode): Promise<void> {
    if (!this.texts.has(task.taskId) && chat.server.has("tasks/output")) {
      await this.read(task.taskId, chat.server);
    }
    const document = await vscode.workspace.openTextDocument(uriOf(task.taskId));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  private async read(taskId: string, server: Server): Promise<void> {
    for (let afterSeq = 0, more = true; more;) {
      const page = await server.request("tasks/output", { taskId, afterSeq });
      for (const event of page.events) this.add({ ...event, taskId });
      afterSeq = page.events.at(-1)?.seq ?? page.lastSeq;
      more = page.more && page.events.length > 0;
    }
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const d of this.disposables) d.dispose();
  }

  private add(event: Event): void {
    if (!event.taskId) return;
    const text = lineOf(event);
    if (text === "") return;
    const id = event.taskId;
    this.texts.set(id, ((this.texts.get(id) ?? "") + text).slice(-maxChars));
    const oldest = this.texts.keys().next().value;
    if (this.texts.size > maxTasks && oldest !== undefined) this.texts.delete(oldest);
    if (this.timers.has(id)) return;
    const renew = (): void => {
      this.timers.delete(id);
      this.changed.fire(uriOf(id));
    };
    this.timers.set(id, setTimeout(renew, pause));
  }
}

function uriOf(taskId: string): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/${taskId}`, query: taskId });
}

function lineOf(event: Event): string {
  switch (event.kind) {
    case "message":
      return event.text ? `${event.role === "user" ? "> " : ""}${plainOutput(event.text)}\n\n` : "";
    case "toolFinished":
      return `${plainOutput(event.text ?? "").trimEnd()}\n\n`;
    case "fileChanged":
      return `${event.change}: ${event.path} (+${event.added ?? 0} −${event.removed ?? 0})\n\n`;
    case "notice":
      return `${event.level}: ${event.text}\n\n`;
    case "turnFinished":
      return `— ${event.status}${event.error ? `: ${event.error.message}` : ""}\n`;
    default:
      return "";
  }
}
