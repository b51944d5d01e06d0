/** The commands that set something: key, endpoint, program, mode and model. */
import * as vscode from "vscode";
import type { Folders } from "./folders";
import { showError } from "./log";
import { keySecret, type Mode, readSettings } from "./settings";

const modePicks: (vscode.QuickPickItem & { mode: Mode })[] = [
  { mode: "plan", label: "Plan", description: "reads only" },
  { mode: "ask", label: "Ask", description: "edits and commands ask first" },
  { mode: "auto", label: "Auto", description: "nothing asks inside the sandbox" },
];

export function registerSetup(context: vscode.ExtensionContext, folders: Folders): vscode.Disposable {
  const config = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("pygent");
  const restart = async (): Promise<void> => {
    for (const chat of folders.all()) await chat.server.restart();
  };
  const handlers: Record<string, () => Promise<unknown>> = {
    "pygent.setKey": async () => {
      const key = await vscode.window.showInputBox({
        title: "API key of the model’s endpoint",
        prompt: "Kept in the editor’s secret storage. Empty removes it.",
        password: true,
        ignoreFocusOut: true,
      });
      if (key === undefined) return;
      if (key.trim()) await context.secrets.store(keySecret, key.trim());
      else await context.secrets.delete(keySecret);
      await restart();
    },
    "pygent.setBaseUrl": async () => {
      const url = await vscode.window.showInputBox({
        title: "An OpenAI-compatible endpoint",
        prompt: "Ollama: http://127.0.0.1:11434/v1 · LM Studio: http://127.0.0.1:1234/v1",
        value: readSettings().baseUrl || "http://127.0.0.1:11434/v1",
        validateInput: (text) =>
          text === "" || /^https?:\/\/\S+$/.test(text) ? undefined : "An address that begins with http:// or https://",
      });
      if (url === undefined) return;
      await config().update("baseUrl", url || undefined, vscode.ConfigurationTarget.Global);
      await restart();
    },
    "pygent.choosePath": async () => {
      const [file] = (await vscode.window.showOpenDialog({ title: "The pygent program", openLabel: "Use" })) ?? [];
      if (!file) return;
      await config().update("path", file.fsPath, vscode.ConfigurationTarget.Global);
      await restart();
    },
    "pygent.pickMode": async () => {
      const current = folders.active.mode;
      const picks = modePicks.map((pick) => ({
        ...pick,
        label: pick.mode === current ? `${pick.label} $(check)` : pick.label,
      }));
      const chosen = await vscode.window.showQuickPick(picks, { title: "Mode of this conversation" });
      if (chosen) await folders.active.configure({ mode: chosen.mode });
    },
    "pygent.pickModel": async () => {
      const model = await pickModel(folders.active.model);
      if (model !== undefined) await folders.active.configure({ model });
    },
    "pygent.demo": () => Promise.resolve(watchDemo()),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([name, handler]) =>
      vscode.commands.registerCommand(name, () => handler().catch(showError)),
    ),
  );
}

function watchDemo(): void {
  const terminal = vscode.window.createTerminal({ name: "Pygent demo" });
  terminal.show();
  terminal.sendText(`${quoted(readSettings().path || "pygent")} demo`);
}

async function pickModel(current: string): Promise<string | undefined> {
  const other = "Another one…";
  const known = [...new Set([current, ...readSettings().models])].filter(Boolean);
  const chosen = known.length === 0 ? other : await vscode.window.showQuickPick([...known, other], { title: "Model" });
  if (chosen !== other) return chosen;
  return vscode.window.showInputBox({
    title: "Model",
    prompt: "A name that the endpoint knows. Empty: the server’s own choice.",
    value: current,
  });
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replace(/'/g, "'\\''")}'`;
}
