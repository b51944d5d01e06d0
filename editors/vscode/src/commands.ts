/** The commands of the palette and the menus. Commands for settings are in setup.ts. */
import * as vscode from "vscode";
import type { Chat } from "./chat";
import { attachmentOf, hiddenFiles, pathIn, promptForProblems } from "./context";
import { notice } from "./escape";
import { diagnosticsAt } from "./diagnostics";
import type { Folders } from "./folders";
import { type Log, showError } from "./log";
import type { Attachment } from "./messages";
import type { TaskOutput } from "./taskoutput";
import { cancelTask, collectFiles, removeTask, sendToTask } from "./taskactions";
import type { TaskNode, Tasks } from "./tasks";
import type { View } from "./view";

export interface Parts {
  folders: Folders;
  view: View;
  tasks: Tasks;
  output: TaskOutput;
  log: Log;
}

export function registerCommands(parts: Parts): vscode.Disposable {
  const { folders, tasks, output, log } = parts;
  const handlers: Record<string, (...args: never[]) => unknown> = {
    "pygent.ask": (text?: string) => ask(parts, text),
    "pygent.askSelection": (text?: string) => askSelection(parts, text),
    "pygent.attach": () => attach(parts),
    "pygent.attachFile": (uri?: vscode.Uri) => attachFile(parts, uri),
    "pygent.fixDiagnostics": () => fixDiagnostics(parts),
    "pygent.delegate": () => delegate(parts),
    "pygent.stop": () => folders.active.turns.stop(),
    "pygent.newSession": () => newSession(parts),
    "pygent.resumeSession": () => resumeSession(parts),
    "pygent.showLog": () => log.show(),
    "pygent.restart": () => folders.active.server.restart(),
    "pygent.pickFolder": () => pickFolder(parts),
    "pygent.task.output": (node: TaskNode) => output.show(tasks.find(node.task.taskId) ?? node),
    "pygent.task.cancel": (node: TaskNode) => cancelTask(node),
    "pygent.task.collect": (node: TaskNode) => collectFiles(node),
    "pygent.task.remove": (node: TaskNode) => removeTask(tasks, node),
    "pygent.task.send": (node: TaskNode) => sendToTask(node),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([name, handler]) =>
      vscode.commands.registerCommand(name, async (...args) => {
        try {
          return await handler(...(args as never[]));
        } catch (error) {
          log.error(name, error);
          showError(error);
        }
      }),
    ),
  );
}

async function ask({ folders, view }: Parts, text?: string): Promise<void> {
  const chat = folders.forDocument(vscode.window.activeTextEditor?.document);
  folders.show(chat);
  view.show();
  const prompt = text ?? (await vscode.window.showInputBox({ title: "Ask Pygent", prompt: "What shall be done?" }));
  if (prompt?.trim()) void chat.turns.send({ text: prompt, attachments: [] }).catch(showError);
}

/** The conversation of the editor's file, and the selection in the file. */
function selected({ folders }: Parts): { chat: Chat; attachment: Attachment } | undefined {
  const editor = vscode.window.activeTextEditor;
  const chat = folders.forDocument(editor?.document);
  const attachment = editor && attachmentOf(chat.server.folder, editor);
  if (!attachment) {
    say("open a file of the workspace first.");
    return undefined;
  }
  folders.show(chat);
  return { chat, attachment };
}

function attach(parts: Parts): void {
  const found = selected(parts);
  if (found) parts.view.compose("", [found.attachment]);
}

async function askSelection(parts: Parts, given?: string): Promise<void> {
  const found = selected(parts);
  if (!found) return;
  const { chat, attachment } = found;
  const title = "Ask Pygent about the selection";
  const text = given ?? (await vscode.window.showInputBox({ title, prompt: notice(attachment.path) }));
  if (!text?.trim()) return;
  parts.view.show();
  void chat.turns.send({ text, attachments: [attachment] }).catch(showError);
}

function attachFile({ folders, view }: Parts, uri = vscode.window.activeTextEditor?.document.uri): void {
  const folder = uri && vscode.workspace.getWorkspaceFolder(uri);
  const path = uri && pathIn(folder, uri);
  if (!folder || path === undefined) return say("the file is not in the workspace.");
  folders.showFolder(folder);
  view.compose("", [{ path }]);
}

function fixDiagnostics({ folders, view }: Parts): void {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return say("open a file first.");
  const { document, selection } = editor;
  const chat = folders.forDocument(document);
  const path = pathIn(chat.server.folder, document.uri);
  if (path === undefined) return say("the file is not in the workspace.");
  const range = selection.isEmpty ? document.lineAt(selection.active.line).range : selection;
  const text = promptForProblems(path, diagnosticsAt(path, document.uri, range));
  if (!text) return say("no problems are known here.");
  folders.show(chat);
  view.show();
  void chat.turns.send({ text, attachments: [{ path }] }).catch(showError);
}

async function delegate({ folders }: Parts): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const chat = folders.forDocument(editor?.document);
  const prompt = await vscode.window.showInputBox({
    title: "Delegate a task",
    prompt: "It works on copies of the files that you choose next, in the background.",
  });
  if (!prompt?.trim()) return;
  const files = await chooseFiles(chat, editor);
  if (!files) return;
  const sessionId = await chat.open();
  await chat.server.request("tasks/start", { prompt, files, ...(sessionId && { sessionId }) });
}

/** The files to copy to a task; undefined: the user has cancelled. */
async function chooseFiles(chat: Chat, editor?: vscode.TextEditor): Promise<string[] | undefined> {
  const { folder } = chat.server;
  if (!folder) return [];
  const uris = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, "**/*"), hiddenFiles(folder), 2000);
  const current = editor && pathIn(folder, editor.document.uri);
  const paths = uris
    .map((uri) => pathIn(folder, uri))
    .filter((path) => path !== undefined)
    .sort();
  const picks = paths.map((label) => ({ label, picked: label === current }));
  const chosen = await vscode.window.showQuickPick(picks, {
    canPickMany: true,
    title: "Files that the task gets copies of",
    placeHolder: "None is fine",
  });
  return chosen?.map((pick) => pick.label);
}

async function newSession({ folders, view }: Parts): Promise<void> {
  await folders.active.newSession();
  view.compose("");
}

async function resumeSession({ folders, view }: Parts): Promise<void> {
  const chat = folders.active;
  if (!(await chat.server.start())) return view.show();
  const sessions = await chat.session.list(100);
  if (sessions.length === 0) return say("there are no earlier sessions here.");
  const picks = sessions.map((session) => ({
    label: session.title || "(no title)",
    description: `${new Date(session.updatedAt).toLocaleString()}${session.state === "idle" ? "" : ` · ${session.state}`}`,
    id: session.sessionId,
  }));
  const chosen = await vscode.window.showQuickPick(picks, { title: "Resume a session", matchOnDescription: true });
  if (!chosen) return;
  view.show();
  await chat.resume(chosen.id);
}

/** Lets the user choose the folder whose conversation the panel shows. */
async function pickFolder({ folders, view }: Parts): Promise<void> {
  const folder = await vscode.window.showWorkspaceFolderPick({ placeHolder: "The folder to work in" });
  if (!folder) return;
  folders.showFolder(folder);
  view.show();
}

function say(text: string): void {
  void vscode.window.showInformationMessage(`Pygent: ${text}`);
}
