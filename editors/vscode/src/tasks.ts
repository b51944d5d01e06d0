/** The tree of delegated tasks. Their actions are in taskactions.ts, their output in taskoutput.ts. */
import * as vscode from "vscode";
import type { Approvals } from "./approve";
import type { Chat } from "./chat";
import { notice } from "./escape";
import type { Folders } from "./folders";
import { showError } from "./log";
import type { Event, Task } from "./protocol";
import { toolTitle } from "./toolnames";

const icons: Record<string, [icon: string, color?: string]> = {
  queued: ["clock"],
  running: ["loading~spin"],
  waiting: ["question", "charts.yellow"],
  finished: ["pass", "charts.green"],
  cancelled: ["circle-slash"],
};
const live = new Set(["queued", "running", "waiting"]);
/** Milliseconds between two updates of the tree while tasks work. */
const pause = 250;

export interface TaskNode {
  task: Task;
  /** the conversation in which the task was started */
  chat: Chat;
  /** what it is doing now, if known */
  doing?: string;
}

export class Tasks implements vscode.TreeDataProvider<TaskNode>, vscode.Disposable {
  private readonly nodes = new Map<string, TaskNode>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly view: vscode.TreeView<TaskNode>;
  private readonly disposables: { dispose(): void }[];
  private timer?: NodeJS.Timeout;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    folders: Folders,
    private readonly approvals: Approvals,
  ) {
    this.view = vscode.window.createTreeView("pygent.tasks", { treeDataProvider: this });
    this.disposables = [
      this.changed,
      this.view,
      folders.onDidConnect(({ chat, connection }) =>
        connection.onNotification("tasks/changed", ({ task }: { task: Task }) => this.change(chat, task)),
      ),
      folders.onEvent((event) => this.follow(event)),
      folders.onDidMake((chat) => {
        chat.server.onDidChange((state) => state === "running" && this.refresh(chat, true));
        chat.onDidOpen(() => this.refresh(chat, false)); // its tasks are listed again
      }),
    ];
  }

  getChildren(node?: TaskNode): TaskNode[] {
    return node ? [] : [...this.nodes.values()].reverse();
  }

  getTreeItem({ task, doing }: TaskNode): vscode.TreeItem {
    const item = new vscode.TreeItem(nameOf(task));
    const [icon, color] = icons[task.state] ?? ["error", "charts.red"];
    item.id = task.taskId;
    item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
    item.description = describe(task, doing);
    item.tooltip = `${task.prompt.slice(0, 500)}\n\n${task.status}${task.text ? `\n\n${task.text.slice(0, 1000)}` : ""}`;
    item.contextValue = live.has(task.state) ? "live" : "ended";
    item.accessibilityInformation = { label: `${nameOf(task)}, ${describe(task, doing)}` };
    item.command = { command: "pygent.task.output", title: "Show Output", arguments: [{ task }] };
    return item;
  }

  find(taskId: string): TaskNode | undefined {
    return this.nodes.get(taskId);
  }

  /** The name of a task; undefined if the task is not known. */
  nameOf(taskId: string): string | undefined {
    const node = this.nodes.get(taskId);
    return node && nameOf(node.task);
  }

  get running(): number {
    return [...this.nodes.values()].filter(({ task }) => live.has(task.state)).length;
  }

  forget(taskId: string): void {
    this.nodes.delete(taskId);
    this.renew();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const d of this.disposables) d.dispose();
  }

  private change(chat: Chat, task: Task): void {
    const before = this.nodes.get(task.taskId);
    if (before && task.revision < before.task.revision) return; // an answer that is older than a notification
    const node: TaskNode = { task, chat, ...(task.state === "running" && before?.doing && { doing: before.doing }) };
    this.nodes.set(task.taskId, node);
    this.renew();
    if (before?.task.state === task.state) return;
    this.approvals.forget(questionKey(task));
    if (task.state === "waiting") this.ask(node);
    else if (before && live.has(before.task.state) && !live.has(task.state)) void tellEnd(node);
  }

  private follow(event: Event): void {
    const node = event.taskId ? this.nodes.get(event.taskId) : undefined;
    if (!node || event.kind !== "toolStarted") return;
    const { verb, object } = toolTitle(event);
    node.doing = `${verb} ${object}`.trim();
    this.timer ??= setTimeout(() => this.renew(), pause);
  }

  private renew(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed.fire();
    const { running } = this;
    this.view.title = running > 0 ? `Tasks: ${running} running` : "Tasks";
    this.view.badge = running > 0 ? { value: running, tooltip: `${running} running` } : undefined;
  }

  private ask({ task, chat }: TaskNode): void {
    const { taskId, sessionId, question } = task;
    const request = {
      requestKey: questionKey(task),
      sessionId,
      question: question?.text ?? "The task asks something.",
      ...(question?.options && { options: question.options }),
      from: nameOf(task),
    };
    this.approvals.ask(chat.server, request, (answer) => {
      if (answer?.answer) void chat.server.request("tasks/send", { taskId, prompt: answer.answer }).catch(showError);
    });
  }

  /** Reads the tasks. anew: the server is new and has none of the earlier tasks. */
  private refresh(chat: Chat, anew: boolean): void {
    // At once, because the revisions of the new server's tasks do not continue those of the last one.
    for (const [id, node] of this.nodes) if (anew && node.chat === chat) this.nodes.delete(id);
    void chat.server
      .request("tasks/list", {})
      .then(({ tasks }) => {
        for (const task of tasks) this.change(chat, task);
        this.renew();
      })
      .catch(() => undefined); // it has ended again, which is reported elsewhere
  }
}

async function tellEnd(node: TaskNode): Promise<void> {
  const { task } = node;
  const count = task.changes.length;
  const files = count > 0 ? `, ${count} changed file${count > 1 ? "s" : ""}` : "";
  const actions = count > 0 ? ["Collect Files…", "Show Output"] : ["Show Output"];
  const show = task.state === "finished" ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const text = notice(`Pygent: the task “${nameOf(task)}” is ${task.status}${files}.`);
  const chosen = await show<string>(text, ...actions);
  if (chosen === "Collect Files…") await vscode.commands.executeCommand("pygent.task.collect", node);
  if (chosen === "Show Output") await vscode.commands.executeCommand("pygent.task.output", node);
}

function questionKey({ taskId }: Task): string {
  return `question of ${taskId}`;
}

export function nameOf(task: Task): string {
  return (task.name || task.prompt.split("\n", 1)[0] || task.taskId).slice(0, 80);
}

function describe(task: Task, doing: string | undefined): string {
  const files = task.changes.length;
  const parts = [
    task.state === "waiting" ? (task.question?.text ?? "asks") : task.status,
    task.state === "running" && doing,
    task.steps > 0 && `${task.steps} step${task.steps > 1 ? "s" : ""}`,
    files > 0 && `${files} file${files > 1 ? "s" : ""}`,
  ];
  return parts.filter(Boolean).join(" · ");
}
