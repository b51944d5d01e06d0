/** The user's actions on a task: answer it, cancel it, copy its files, remove it. */
import * as vscode from "vscode";
import { notice } from "./escape";
import { nameOf, type TaskNode, type Tasks } from "./tasks";

export async function cancelTask({ task, chat }: TaskNode): Promise<void> {
  await chat.server.request("tasks/cancel", { taskId: task.taskId });
}

export async function removeTask(tasks: Tasks, { task, chat }: TaskNode): Promise<void> {
  await chat.server.request("tasks/remove", { taskId: task.taskId });
  tasks.forget(task.taskId);
}

export async function sendToTask({ task, chat }: TaskNode): Promise<void> {
  const title = `Say to “${nameOf(task)}”`;
  const about = notice(task.question?.text ?? task.text ?? task.status);
  const prompt = await vscode.window.showInputBox({ title, prompt: about });
  if (prompt?.trim()) await chat.server.request("tasks/send", { taskId: task.taskId, prompt });
}

/** Copies files of a task, which the user chooses, into the workspace. */
export async function collectFiles({ task, chat }: TaskNode): Promise<void> {
  const known = task.changes.filter((change) => change.change !== "deleted");
  if (known.length === 0) {
    void vscode.window.showInformationMessage(notice(`Pygent: the task “${nameOf(task)}” changed no files.`));
    return;
  }
  const picks = known.map((change) => ({
    label: change.path,
    description: `${change.change}, +${change.added} −${change.removed}`,
    picked: true,
  }));
  const chosen = await vscode.window.showQuickPick(picks, {
    canPickMany: true,
    title: `Collect files of “${nameOf(task)}”`,
    placeHolder: "Files of the same name in the workspace are replaced",
  });
  if (!chosen || chosen.length === 0) return;
  const sessionId = await chat.open();
  const got: string[] = [];
  const left: string[] = [];
  for (const { label } of chosen) {
    const params = { taskId: task.taskId, path: label, ...(sessionId && { sessionId }) };
    const { files, skipped } = await chat.server.request("files/collect", params);
    got.push(...files.map((file) => file.path));
    left.push(...skipped.map((file) => `${file.path} (${file.reason})`));
  }
  if (got.length > 0) void vscode.window.showInformationMessage(notice(`Pygent: collected ${got.join(", ")}.`));
  if (left.length > 0) void vscode.window.showWarningMessage(notice(`Pygent: left out ${left.join(", ")}.`));
}
