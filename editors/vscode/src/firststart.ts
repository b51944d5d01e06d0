/**
 * Whether there is a model to talk to, asked before the first message is written.
 * The program is asked, because its own settings may name one; it also finds the
 * model servers that run on this machine.
 */
import { execFile } from "node:child_process";
import * as vscode from "vscode";
import { findProgram } from "./binary";
import type { Folders } from "./folders";
import type { LocalServer } from "./messages";
import type { Server } from "./server";
import { readSettings, serverEnvironment } from "./settings";

/** Milliseconds that the program may take to look around. */
const patience = 10_000;

/** What of the answer of `pygent doctor --json` counts here. */
interface Doctor {
  servers?: LocalServer[];
  findings?: { area: string; name: string; ok: boolean }[];
}

export class FirstStart implements vscode.Disposable {
  /** Set while there is no model: the servers that could be used instead of a key. */
  found?: LocalServer[];
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    folders: Folders,
  ) {
    this.subscription = folders.onDidChange((server) => {
      if (server.state === "running" && server === folders.active.server) void this.look(server);
    });
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  private async look(server: Server): Promise<void> {
    const settings = readSettings(server.folder);
    const env = await serverEnvironment(settings, this.context.secrets);
    const program = findProgram(settings.path, this.context.extensionPath);
    const known = env.OPENAI_API_KEY || env.OPENAI_BASE_URL || !program;
    this.found = known ? undefined : await ask(program.path, env);
    this.changed.fire();
  }
}

/** The servers that were found, or undefined: there is a model, or nothing is known. */
function ask(program: string, env: NodeJS.ProcessEnv): Promise<LocalServer[] | undefined> {
  return new Promise((resolve) => {
    // Its exit code tells of more than the model.
    execFile(
      program,
      ["doctor", "--json", "--offline"],
      { env, timeout: patience, windowsHide: true },
      (_error, stdout) => {
        try {
          const { servers, findings } = JSON.parse(stdout) as Doctor;
          const endpoint = findings?.find(({ area, name }) => area === "model" && name === "endpoint");
          resolve(endpoint?.ok === false ? (servers ?? []).slice(0, 4) : undefined);
        } catch {
          resolve(undefined);
        }
      },
    );
  });
}
