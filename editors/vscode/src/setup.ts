/** The commands that change settings: key, endpoint, program, mode and model. */
import * as vscode from "vscode";
import { findProgram } from "./binary";
import type { Folders } from "./folders";
import { showError } from "./log";
import type { LocalServer } from "./messages";
import { keySecret, type Mode, readSettings } from "./settings";

const modePicks: (vscode.QuickPickItem & { mode: Mode })[] = [
  { mode: "plan", label: "Plan", description: "reads only" },
  { mode: "ask", label: "Ask", description: "edits and commands ask first" },
  { mode: "auto", label: "Auto", description: "nothing asks inside the sandbox" },
];

interface Parts {
  context: vscode.ExtensionContext;
  folders: Folders;
}

export function registerSetup(context: vscode.ExtensionContext, folders: Folders): vscode.Disposable {
  const parts = { context, folders };
  const handlers: Record<string, (found: LocalServer) => Promise<unknown>> = {
    "pygent.setKey": () => setKey(parts),
    "pygent.setBaseUrl": () => setBaseUrl(),
    "pygent.useServer": (found) => useServer(found),
    "pygent.choosePath": () => choosePath(),
    "pygent.pickMode": () => pickMode(parts),
    "pygent.pickModel": () => pickModel(parts),
    "pygent.demo": () => watchDemo(parts),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([name, handler]) =>
      vscode.commands.registerCommand(name, (found: LocalServer) => handler(found).catch(showError)),
    ),
  );
}

async function setKey({ context }: Parts): Promise<void> {
  const { secrets } = context;
  const key = await vscode.window.showInputBox({
    title: "API key of the model’s endpoint",
    prompt: "Kept in the editor’s secret storage. Empty removes it.",
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) return;
  if (key.trim()) await secrets.store(keySecret, key.trim());
  else await secrets.delete(keySecret);
}

async function setBaseUrl(): Promise<void> {
  const url = await vscode.window.showInputBox({
    title: "An OpenAI-compatible endpoint",
    prompt: "Ollama: http://127.0.0.1:11434/v1 · LM Studio: http://127.0.0.1:1234/v1",
    value: readSettings().baseUrl || "http://127.0.0.1:11434/v1",
    validateInput: (text) =>
      text === "" || /^https?:\/\/\S+$/.test(text) ? undefined : "An address that begins with http:// or https://",
  });
  if (url === undefined) return;
  await update("baseUrl", url || undefined);
}

/** Sets a model server on this machine and one of its models. */
async function useServer({ name, baseUrl, models }: LocalServer): Promise<void> {
  const model =
    models.length > 1 ? await vscode.window.showQuickPick(models, { title: `Model of ${name}` }) : models[0];
  if (models.length > 0 && !model) return;
  await update("baseUrl", baseUrl);
  if (model) await update("model", model);
}

async function choosePath(): Promise<void> {
  const [file] = (await vscode.window.showOpenDialog({ title: "The pygent program", openLabel: "Use" })) ?? [];
  if (!file) return;
  await update("path", file.fsPath);
}

async function pickMode({ folders }: Parts): Promise<void> {
  const current = folders.active.mode;
  const picks = modePicks.map((pick) => ({
    ...pick,
    label: pick.mode === current ? `${pick.label} $(check)` : pick.label,
  }));
  const chosen = await vscode.window.showQuickPick(picks, { title: "Mode of this conversation" });
  if (chosen) await folders.active.configure({ mode: chosen.mode });
}

async function pickModel({ folders }: Parts): Promise<void> {
  const current = folders.active.model;
  const other = "Another one…";
  const known = [...new Set([current, ...readSettings().models])].filter(Boolean);
  const chosen = known.length === 0 ? other : await vscode.window.showQuickPick([...known, other], { title: "Model" });
  const model =
    chosen === other
      ? await vscode.window.showInputBox({
          title: "Model",
          prompt: "A name that the endpoint knows. Empty: the server’s own choice.",
          value: current,
        })
      : chosen;
  if (model !== undefined) await folders.active.configure({ model: model.trim() });
}

async function watchDemo({ context }: Parts): Promise<void> {
  const program = findProgram(readSettings().path, context.extensionPath);
  if (!program) throw new Error("the program was not found: see the panel");
  const execution = new vscode.ProcessExecution(program.path, ["demo"]);
  const task = new vscode.Task({ type: "pygent" }, vscode.TaskScope.Global, "demo", "Pygent", execution);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, panel: vscode.TaskPanelKind.Dedicated };
  await vscode.tasks.executeTask(task);
}

function update(name: string, value: string | undefined): Thenable<void> {
  return vscode.workspace.getConfiguration("pygent").update(name, value, vscode.ConfigurationTarget.Global);
}
