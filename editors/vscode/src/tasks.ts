/** Delegated tasks: the tree with their states, and what can be done with them. Their output is in taskoutput.ts. */
import * as vscode from "vscode";
import type { Folders } from "./folders";
import { showError } from "./log";
import type { Task } from "./protocol";
import type { Server } from "./server";

const icons: Record<string, [icon: string, color?: string]> = {
  queued: ["clock"],
  running: ["loading~spin"],
  waiting: ["question", "charts.yellow"],
  finished: ["pass", "charts.green"],
  cancelled: ["circle-slash"],
};
const live = new Set(["queued", "running", "waiting"]);

export interface TaskNode {
  task: Task;
  server: Server;
}

export class Tasks implements vscode.TreeDataProvider<TaskNode>, vscode.Disposable {
  private readonly nodes = new Map<string, TaskNode>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly disposables: { dispose(): void }[] = [this.changed];
  readonly onDidChangeTreeData = this.changed.event;

  constructor(folders: Folders) {
    this.disposables.push(
      vscode.window.createTreeView("pygent.tasks", { treeDataProvider: this }),
      folders.onDidConnect(({ server, connection }) =>
        connection.onNotification("tasks/changed", ({ task }: { task: Task }) => this.change(server, task)),
      ),
      folders.onDidChange((server) => this.serverChanged(server)),
    );
  }

  getChildren(node?: TaskNode): TaskNode[] {
    return node ? [] : [...this.nodes.values()].reverse();
  }

  getTreeItem({ task }: TaskNode): vscode.TreeItem {
    const label = task.name || task.prompt.split("\n", 1)[0] || task.taskId;
    const item = new vscode.TreeItem(label);
    const [icon, color] = icons[task.state] ?? ["error", "charts.red"];
    item.id = task.taskId;
    item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
    item.description = describe(task);
    item.tooltip = `${task.prompt.slice(0, 500)}\n\n${task.status}${task.text ? `\n\n${task.text.slice(0, 1000)}` : ""}`;
    item.contextValue = live.has(task.state) ? "live" : "ended";
    item.accessibilityInformation = { label: `${label}, ${describe(task)}` };
    item.command = { command: "pygent.task.output", title: "Show Output", arguments: [{ task }] };
    return item;
  }

  find(taskId: string): TaskNode | undefined {
    return this.nodes.get(taskId);
  }

  get running(): number {
    return [...this.nodes.values()].filter(({ task }) => live.has(task.state)).length;
  }

  async cancel({ task, server }: TaskNode): Promise<void> {
    await server.request("tasks/cancel", { taskId: task.taskId });
  }

  async remove({ task, server }: TaskNode): Promise<void> {
    await server.request("tasks/remove", { taskId: task.taskId });
    this.nodes.delete(task.taskId);
    this.changed.fire();
  }

  /** Copies files of a task into the workspace; the user chooses which. */
  async collect({ task, server }: TaskNode): Promise<void> {
    const known = task.changes.filter((change) => change.change !== "deleted");
    if (known.length === 0) {
      void vscode.window.showInformationMessage(`Pygent: the task “${task.name}” changed no files.`);
      return;
    }
    const picks = known.map((change) => ({
      label: change.path,
      description: `${change.change}, +${change.added} −${change.removed}`,
      picked: true,
    }));
    const chosen = await vscode.window.showQuickPick(picks, {
      canPickMany: true,
      title: `Collect files of “${task.name}”`,
      placeHolder: "Files of the same name in the workspace are replaced",
    });
    const got: string[] = [];
    const left: string[] = [];
    for (const { label } of chosen ?? []) {
      const answer = await server.request("files/collect", { taskId: task.taskId, path: label });
      got.push(...answer.files.map((file) => file.path));
      left.push(...answer.skipped.map((file) => `${file.path} (${file.reason})`));
    }
    if (got.length > 0) void vscode.window.showInformationMessage(`Pygent: collected ${got.join(", ")}.`);
    if (left.length > 0) void vscode.window.showWarningMessage(`Pygent: left out ${left.join(", ")}.`);
  }

  dispose(): void {
    for (const d of this.disposables) d.dispose();
  }

  private change(server: Server, task: Task): void {
    const before = this.nodes.get(task.taskId)?.task.state;
    this.nodes.set(task.taskId, { task, server });
    this.changed.fire();
    if (before !== undefined && before !== task.state && !live.has(task.state)) void this.tellEnd({ task, server });
    if (before !== task.state && task.state === "waiting") void this.tellWaiting({ task, server });
  }

  private async tellEnd(node: TaskNode): Promise<void> {
    const { task } = node;
    const files =
      task.changes.length > 0 ? `, ${task.changes.length} changed file${task.changes.length > 1 ? "s" : ""}` : "";
    const actions = task.changes.length > 0 ? ["Collect Files…", "Show Output"] : ["Show Output"];
    const show = task.state === "finished" ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
    const chosen = await show<string>(`Pygent: the task “${task.name}” is ${task.status}${files}.`, ...actions);
    if (chosen === "Collect Files…") await this.collect(node).catch(showError);
    if (chosen === "Show Output") await vscode.commands.executeCommand("pygent.task.output", node);
  }

  private async tellWaiting(node: TaskNode): Promise<void> {
    const chosen = await vscode.window.showInformationMessage(
      `Pygent: the task “${node.task.name}” asks something.`,
      "Answer…",
    );
    if (chosen) await vscode.commands.executeCommand("pygent.task.send", node);
  }

  /** A server that is new has the tasks it says; one that has ended has none any more. */
  private serverChanged(server: Server): void {
    if (server.state === "running") {
      void server
        .request("tasks/list", {})
        .then(({ tasks }) => {
          for (const [id, node] of this.nodes) if (node.server === server) this.nodes.delete(id);
          for (const task of tasks) this.nodes.set(task.taskId, { task, server });
          this.changed.fire();
        })
        .catch(() => undefined); // it has ended again: told elsewhere
    }
  }
}

function describe(task: Task): string {
  const steps = task.steps > 0 ? ` · ${task.steps} step${task.steps > 1 ? "s" : ""}` : "";
  const files = task.changes.length > 0 ? ` · ${task.changes.length} file${task.changes.length > 1 ? "s" : ""}` : "";
  return `${task.status}${steps}${files}`;
}
