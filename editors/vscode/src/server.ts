/**
 * The server of one workspace folder: started when it is needed, started again
 * with growing pauses when it ends by itself, and ended in order.
 *
 *   stopped -> starting -> running -> waiting -> starting …
 *                  |                     |
 *                  +------> failed <-----+      (the user has to do something)
 */
import * as vscode from "vscode";
import { type Method, type Params, type Result } from "./api";
import { Backoff } from "./backoff";
import { findProgram } from "./binary";
import { Child } from "./child";
import { shakeHands } from "./handshake";
import type { Log } from "./log";
import type { Problem } from "./messages";
import { binaryMissing, keepsEnding, messageOf, notStarted, wrongVersion } from "./problems";
import type { Event, InitializeResult, PygentServer } from "./protocol";
import { readSettings, serverEnvironment, type Settings } from "./settings";

export type ServerState = "stopped" | "starting" | "running" | "waiting" | "failed";

export class Server implements vscode.Disposable {
  state: ServerState = "stopped";
  problem?: Problem;
  info?: PygentServer;
  private child?: Child;
  private starting?: Promise<boolean>;
  private timer?: NodeJS.Timeout;
  private stopping?: Promise<void>;
  private disposed = false;
  private readonly backoff = new Backoff();
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly connected = new vscode.EventEmitter<Child["connection"]>();
  private readonly events = new vscode.EventEmitter<Event>();
  readonly onDidChange = this.changed.event;
  readonly onEvent = this.events.event;
  /** Fired before initialize: the place to register handlers. */
  readonly onDidConnect = this.connected.event;

  constructor(
    readonly folder: vscode.WorkspaceFolder | undefined,
    private readonly context: vscode.ExtensionContext,
    private readonly log: Log,
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  has(method: Method): boolean {
    return this.info?.methods.includes(method) ?? false;
  }

  /** Starts the server unless it runs; false: it could not be, and problem says why. */
  async start(): Promise<boolean> {
    await this.stopping;
    if (this.disposed) return false;
    if (this.state === "running") return true;
    clearTimeout(this.timer);
    // A setting of the wrong type, or a secret storage that is locked, fails before there is a program.
    this.starting ??= this.launch()
      .catch((error: unknown) => this.fail(notStarted("pygent", messageOf(error), "")))
      .finally(() => (this.starting = undefined));
    return this.starting;
  }

  /** Sends a request, starting the server first if need be. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    if (!(await this.start()) || !this.child) throw new Error(this.problem?.title ?? "the server does not run");
    return this.child.connection.sendRequest<Result<M>>(method, params ?? {});
  }

  async restart(): Promise<boolean> {
    await this.stop();
    this.backoff.reset();
    return this.start();
  }

  /** Once, however many ask for it: each would forget the server that another one has started. */
  stop(): Promise<void> {
    this.stopping ??= this.end().finally(() => (this.stopping = undefined));
    return this.stopping;
  }

  dispose(): Promise<void> {
    this.disposed = true;
    return this.stop().finally(() => {
      this.changed.dispose();
      this.connected.dispose();
      this.events.dispose();
    });
  }

  private async end(): Promise<void> {
    clearTimeout(this.timer);
    await this.starting;
    const child = this.child;
    this.child = undefined;
    await child?.stop();
    this.become("stopped");
  }

  private async launch(): Promise<boolean> {
    this.become("starting");
    const settings = readSettings(this.folder);
    const tried: string[] = [];
    const binary = findProgram(settings.path, this.context.extensionPath, tried);
    if (!binary) {
      this.log.error(`no pygent program; looked at ${tried.join(", ")}`);
      return this.fail(binaryMissing(settings.path));
    }
    this.log.info(`starting ${binary.path} (${binary.source})`);
    const child = new Child({
      program: binary.path,
      arguments: settings.arguments,
      environment: await serverEnvironment(settings, this.context.secrets),
      cwd: this.folder?.uri.fsPath,
      log: this.log,
    });
    const answer = await this.initialize(child, settings);
    if (typeof answer === "string") {
      await child.stop();
      return this.fail(notStarted(binary.path, answer, child.tail()));
    }
    const wrong = wrongVersion(binary.path, answer);
    if (wrong) {
      await child.stop();
      return this.fail(wrong);
    }
    this.child = child;
    this.info = answer.capabilities.experimental.pygent;
    this.log.info(
      `running: pygent ${answer.serverInfo.version}, process ${child.pid}, sandbox ${this.info.runtime.sandbox}`,
    );
    void child.ended.then((reason) => this.ended(child, reason));
    this.become("running");
    return true;
  }

  /** The answer to initialize, or why there is none. */
  private initialize(child: Child, settings: Settings): Promise<InitializeResult | string> {
    child.connection.onNotification("agent/event", (event: Event) => this.events.fire(event));
    this.connected.fire(child.connection);
    const { version } = this.context.extension.packageJSON as { version: string };
    return shakeHands(child, {
      processId: process.pid,
      clientInfo: { name: "pygent-vscode", version },
      rootUri: this.folder?.uri.toString() ?? null,
      capabilities: {
        window: { showMessage: {} },
        experimental: { pygent: { approvals: true, askUser: true, diagnostics: true } },
      },
      initializationOptions: { mode: settings.mode, ...(settings.model && { model: settings.model }) },
    });
  }

  private ended(child: Child, reason: string): void {
    if (this.child !== child) return; // it was told to
    this.child = undefined;
    this.log.warn(`the server ${reason}`);
    const delay = this.backoff.next();
    if (delay === undefined) {
      this.fail(keepsEnding(reason, child.tail()));
      return;
    }
    this.log.info(`starting it again in ${delay / 1000} s`);
    this.become("waiting");
    this.timer = setTimeout(() => void this.start(), delay);
  }

  private fail(problem: Problem): false {
    this.problem = problem;
    this.log.error(`${problem.title}: ${problem.detail}`);
    this.become("failed", problem);
    return false;
  }

  private become(state: ServerState, problem?: Problem): void {
    this.state = state;
    this.problem = problem;
    this.changed.fire(state);
  }
}
