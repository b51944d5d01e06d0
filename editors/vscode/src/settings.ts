/** Reads the settings each time, because they may have changed and reading is cheap. */
import * as vscode from "vscode";

export interface Settings {
  path: string;
  arguments: string[];
  environment: Record<string, string>;
  baseUrl: string;
  model: string;
  models: string[];
  mode: Mode;
}

export const modes = ["plan", "ask", "auto"] as const;
export type Mode = (typeof modes)[number];

/** The name of the secret with the key of the model's endpoint. */
export const keySecret = "pygent.apiKey";

export function readSettings(folder?: vscode.WorkspaceFolder): Settings {
  const config = vscode.workspace.getConfiguration("pygent", folder);
  return {
    path: config.get("path", ""),
    arguments: config.get("arguments", []),
    environment: config.get("environment", {}),
    baseUrl: config.get("baseUrl", ""),
    model: config.get("model", ""),
    models: config.get("models", []),
    mode: readMode(config),
  };
}

/**
 * A workspace's settings may set a stricter mode, but no wider one, because they can
 * come from a repository. In an untrusted workspace a conversation starts with ask
 * or a stricter mode.
 */
function readMode(config: vscode.WorkspaceConfiguration): Mode {
  const set = config.inspect<string>("mode");
  const wanted = asMode(set?.globalValue) ?? asMode(set?.defaultValue) ?? "ask";
  const users = wanted === "auto" && !vscode.workspace.isTrusted ? "ask" : wanted;
  const workspaces = asMode(set?.workspaceFolderValue) ?? asMode(set?.workspaceValue) ?? users;
  return modes.indexOf(workspaces) < modes.indexOf(users) ? workspaces : users;
}

export function asMode(value: unknown): Mode | undefined {
  return modes.find((mode) => mode === value);
}

/** The environment of a server: the editor's, the settings' and the key. */
export async function serverEnvironment(settings: Settings, secrets: vscode.SecretStorage): Promise<NodeJS.ProcessEnv> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...settings.environment };
  if (settings.baseUrl) env.OPENAI_BASE_URL = settings.baseUrl;
  const key = await secrets.get(keySecret);
  if (key) env.OPENAI_API_KEY = key;
  return env;
}

/** The settings that a server is started with, except the key. */
const ofServer = ["path", "arguments", "environment", "baseUrl", "model"].map((name) => `pygent.${name}`);
/** Milliseconds within which several changes count as one. */
const settle = 150;

/** Reports changes of the settings that a server is started with. */
export class SettingsWatch implements vscode.Disposable {
  private timer?: NodeJS.Timeout;
  private readonly disposables: vscode.Disposable[];

  constructor(secrets: vscode.SecretStorage, changed: () => void) {
    const later = (): void => {
      clearTimeout(this.timer);
      this.timer = setTimeout(changed, settle);
    };
    this.disposables = [
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (ofServer.some((name) => event.affectsConfiguration(name))) later();
      }),
      secrets.onDidChange(({ key }) => key === keySecret && later()),
    ];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const d of this.disposables) d.dispose();
  }
}
