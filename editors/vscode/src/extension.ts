/** Connects the parts of the extension. */
import * as vscode from "vscode";
import { Approvals } from "./approve";
import { Changes } from "./changes";
import { registerCommands } from "./commands";
import { FileRequests } from "./filerequests";
import { FirstStart } from "./firststart";
import { Folders } from "./folders";
import { Log } from "./log";
import { registerSetup } from "./setup";
import { Status } from "./status";
import { TaskOutput } from "./taskoutput";
import { Tasks } from "./tasks";
import { View } from "./view";

let folders: Folders | undefined;

/** Activates the extension. Returns the objects that its tests use. */
export function activate(context: vscode.ExtensionContext): object {
  const log = new Log();
  folders = new Folders(context, log);
  const approvals = new Approvals({
    panelVisible: () => view.isVisible(),
    showAsk: (key) => view.showAsk(key),
    taskName: (taskId) => tasks.nameOf(taskId),
  });
  const changes = new Changes();
  const requests = new FileRequests(approvals, changes);
  const first = new FirstStart(context, folders);
  const view: View = new View(context.extensionUri, folders, approvals, requests, first);
  const tasks: Tasks = new Tasks(folders, approvals);
  const output = new TaskOutput(folders);
  approvals.follow(folders);
  const commands = [registerCommands({ folders, view, tasks, output, log }), registerSetup(context, folders)];
  const status = new Status(folders, approvals);
  context.subscriptions.push(log, folders, approvals, changes, first, view, tasks, output, status, ...commands);
  return { folders, approvals, tasks };
}

export async function deactivate(): Promise<void> {
  await folders?.close();
}
