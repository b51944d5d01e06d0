/**
 * The server of one workspace folder. It starts when it is needed, restarts with
 * growing pauses when it ends by itself, and is shut down cleanly.
 *
 *   stopped -> starting -> running -> waiting -> starting …
 *                  |                     |
 *                  +------> failed <-----+      (the user has to do something)
 */
import * as vscode from "vscode";
import { type Method, type Params, type Result } from "./api";
import { Backoff, pause } from "./backoff";
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
  private cancelStart?: AbortController;
  private stopping?: Promise<void>;
  private restarting = false;
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

  /** Starts the server unless it runs, after a pause if it has ended. False: it failed, and problem says why. */
  async start(): Promise<boolean> {
    await this.stopping;
    if (this.disposed) return false;
    if (this.state === "running") return true;
    const started = await (this.starting ??= this.launchAfter(0));
    return started || (this.restarting && this.start());
  }

  /** Sends a request, starting the server first if need be. */
  async request<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    if (!(await this.start()) || !this.child) throw new Error(this.problem?.title ?? "the server does not run");
    return this.child.connection.sendRequest<Result<M>>(method, params ?? {});
  }

  /** Restarts at once, without a pause. Callers that wait for a start wait for this one. */
  async restart(): Promise<boolean> {
    this.restarting = true;
    await this.stop().finally(() => (this.restarting = false));
    this.backoff.reset();
    return this.start();
  }

  /** Stops the server, once for several callers, because a later stop would forget a server that was started since. */
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
    this.cancelStart?.abort();
    await this.starting;
    const child = this.child;
    this.child = undefined;
    await child?.stop();
    this.become("stopped");
  }

  private launchAfter(delay: number): Promise<boolean> {
    const { signal } = (this.cancelStart = new AbortController());
    const starting = pause(delay, signal)
      .then(() => !signal.aborted && this.launch(signal))
      // A setting of the wrong type or a locked secret storage fails before the program starts.
      .catch((error: unknown) => this.fail(notStarted("pygent", messageOf(error), "")))
      .finally(() => {
        if (this.starting === starting) this.starting = undefined;
      });
    return starting;
  }

  private async launch(signal: AbortSignal): Promise<boolean> {
    this.become("starting");
    const settings = readSettings(this.folder);
    const tried: string[] = [];
    const binary = findProgram(settings.path, this.context.extensionPath, tried);
    if (!binary) {
      this.log.error(`no pygent program; looked at ${tried.join(", ")}`);
      return this.fail(binaryMissing(settings.path));
    }
    const environment = await serverEnvironment(settings, this.context.secrets);
    const stopped = (): boolean => signal.aborted;
    if (stopped()) return false;
    this.log.info(`starting ${binary.path} (${binary.source})`);
    const child = new Child({
      program: binary.path,
      arguments: settings.arguments,
      environment,
      cwd: this.folder?.uri.fsPath,
      log: this.log,
    });
    const answer = await this.initialize(child, settings, signal);
    if (typeof answer === "string") {
      await child.stop();
      return !stopped() && this.fail(notStarted(binary.path, answer, child.tail()));
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

  /** The answer to initialize, or the reason why there is none. */
  private initialize(child: Child, settings: Settings, signal: AbortSignal): Promise<InitializeResult | string> {
    child.connection.onNotification("agent/event", (event: Event) => this.events.fire(event));
    this.connected.fire(child.connection);
    const { version } = this.context.extension.packageJSON as { version: string };
    const params = {
      processId: process.pid,
      clientInfo: { name: "pygent-vscode", version },
      rootUri: this.folder?.uri.toString() ?? null,
      capabilities: {
        window: { showMessage: {} },
        experimental: { pygent: { approvals: true, askUser: true, diagnostics: true } },
      },
      initializationOptions: { mode: settings.mode, ...(settings.model && { model: settings.model }) },
    };
    return shakeHands(child, params, signal);
  }

  private ended(child: Child, reason: string): void {
    if (this.child !== child) return; // stopped on purpose
    this.child = undefined;
    this.log.warn(`the server ${reason}`);
    const delay = this.backoff.next();
    if (delay === undefined) {
      this.fail(keepsEnding(reason, child.tail()));
      return;
    }
    this.log.info(`starting it again in ${delay / 1000} s`);
    this.starting = this.launchAfter(delay); // before the change of state, so that callers of start wait for this one
    this.become("waiting");
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
