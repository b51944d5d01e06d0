/**
 * Offers model servers when there is no model: the server reports that it lacks one,
 * and the program finds the model servers on this machine.
 */
import { execFile } from "node:child_process";
import * as vscode from "vscode";
import { findProgram } from "./binary";
import type { Folders } from "./folders";
import type { LocalServer } from "./messages";
import type { Server } from "./server";
import { readSettings, serverEnvironment } from "./settings";

/** Milliseconds that the program may take to find them. */
const patience = 10_000;
const mostServers = 4;

export class FirstStart implements vscode.Disposable {
  /** Set while there is no model: the servers that are an alternative to a key. */
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
    const program = findProgram(settings.path, this.context.extensionPath);
    const lacks = server.info?.noModel !== undefined && program;
    this.found = lacks ? [] : undefined;
    this.changed.fire();
    if (!lacks) return;
    const found = await localServers(program.path, await serverEnvironment(settings, this.context.secrets));
    if (!this.found || found.length === 0) return; // a model was set meanwhile
    this.found = found;
    this.changed.fire();
  }
}

/** The model servers that answer on this machine. */
function localServers(program: string, env: NodeJS.ProcessEnv): Promise<LocalServer[]> {
  return new Promise((resolve) => {
    // The exit code does not matter: it depends on more than the model.
    execFile(
      program,
      ["doctor", "--json", "--offline"],
      { env, timeout: patience, windowsHide: true },
      (_error, stdout) => {
        try {
          const { servers } = JSON.parse(stdout) as { servers?: LocalServer[] };
          resolve((servers ?? []).slice(0, mostServers));
        } catch {
          resolve([]);
        }
      },
    );
  });
}
