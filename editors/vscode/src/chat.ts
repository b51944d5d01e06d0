/** The conversation of a workspace folder for the panel. Its turns are in turns.ts, its session in session.ts. */
import * as vscode from "vscode";
import { stepParams } from "./context";
import type { Log } from "./log";
import type { Prompt } from "./messages";
import { forgotten, goesOn, messageOf } from "./problems";
import type { Event, StepResult } from "./protocol";
import type { Server } from "./server";
import { Session } from "./session";
import { asMode, type Mode, readSettings } from "./settings";
import { Transcript } from "./transcript";
import { Turns } from "./turns";

export class Chat implements vscode.Disposable {
  readonly transcript = new Transcript();
  readonly session: Session;
  readonly turns: Turns;
  mode: Mode;
  model: string;
  private defaultModel: string;
  private readonly disposables: { dispose(): void }[] = [];
  private readonly events = new vscode.EventEmitter<Event>();
  private readonly reset = new vscode.EventEmitter<void>();
  private readonly state = new vscode.EventEmitter<void>();
  private readonly unsent = new vscode.EventEmitter<Prompt>();
  private readonly opened = new vscode.EventEmitter<string>();
  private readonly left = new vscode.EventEmitter<string>();
  readonly onEvent = this.events.event;
  /** Fired when the transcript is replaced. */
  readonly onReset = this.reset.event;
  readonly onState = this.state.event;
  /** Fired with a prompt that the server did not take. */
  readonly onUnsent = this.unsent.event;
  /** Fired when the server has opened an earlier session. */
  readonly onDidOpen = this.opened.event;
  /** Fired when a session is left. */
  readonly onDidLeave = this.left.event;

  constructor(
    readonly server: Server,
    memory: vscode.Memento,
    private readonly log: Log,
  ) {
    ({ mode: this.mode, model: this.model } = readSettings(server.folder));
    this.defaultModel = this.model;
    this.session = new Session(server, memory, {
      event: (event) => this.take(event),
      cleared: () => {
        this.transcript.clear();
        this.reset.fire();
      },
      opened: (sessionId) => this.opened.fire(sessionId),
      left: (sessionId) => this.left.fire(sessionId),
      mode: (mode) => this.adopt(mode),
    });
    this.turns = new Turns({
      ready: (signal) => this.ready(signal),
      step: (prompt) => this.step(prompt),
      interrupt: () => this.interrupt(),
      serverRuns: () => server.state === "running",
      tell: (level, text) => this.tell(level, text),
      unsent: (prompt) => this.unsent.fire(prompt),
      changed: () => this.state.fire(),
    });
    this.disposables.push(
      server.onEvent((event) => this.fromServer(event)),
      server.onDidChange((state) => void this.serverChanged(state)),
    );
  }

  async newSession(): Promise<void> {
    await this.turns.leave();
    this.mode = readSettings(this.server.folder).mode;
    await this.session.begin();
    this.state.fire();
  }

  async resume(sessionId: string): Promise<void> {
    await this.turns.leave();
    await this.attempt("resume", () => this.session.load(sessionId));
    this.state.fire();
  }

  /** Shows the session that was last open. */
  async restore(): Promise<void> {
    if (await this.server.start()) await this.attempt("restore", () => this.session.restore());
  }

  async configure(change: { mode?: Mode; model?: string }): Promise<void> {
    this.mode = change.mode ?? this.mode;
    this.model = change.model ?? this.model;
    const sessionId = this.session.openId;
    if (sessionId && this.server.has("session/configure")) {
      await this.attempt("configure", () => this.server.request("session/configure", { sessionId, ...change }));
    }
    this.state.fire();
  }

  /** Restarts the server with changed settings. Only the user may end a running turn. */
  async settingsChanged(): Promise<void> {
    const { model } = readSettings(this.server.folder);
    if (model !== this.defaultModel) this.model = this.defaultModel = model;
    this.state.fire();
    if (this.server.state === "stopped") return;
    if (this.turns.busy) {
      const text = "Pygent: other settings hold when the server is started again. That ends the running turn.";
      const chosen = await vscode.window.showInformationMessage(text, "Restart Server");
      if (!chosen) return;
    }
    await this.server.restart();
  }

  /** The mode of new conversations has changed. */
  modeChanged(): void {
    if (this.session.id) return;
    this.mode = readSettings(this.server.folder).mode;
    this.state.fire();
  }

  /** Opens the session and returns its id. */
  async open(): Promise<string | undefined> {
    return this.session.open({ mode: this.mode, model: this.model });
  }

  /** Adds a line of the extension to the conversation. */
  tell(level: "info" | "warning" | "error", text: string): void {
    this.take({ sessionId: this.session.id ?? "", time: new Date().toISOString(), kind: "notice", level, text });
  }

  /** Runs an action for the user, and shows its error in the conversation. */
  async attempt<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.log.error(what, error);
      this.tell("error", messageOf(error));
      return undefined;
    }
  }

  dispose(): void {
    const emitters = [this.events, this.reset, this.state, this.unsent, this.opened, this.left];
    for (const d of [...this.disposables, ...emitters]) d.dispose();
  }

  /** Takes over the session's settings: those that it was made with, or the last configured ones. */
  private adopt(mode: string): void {
    this.mode = asMode(this.transcript.configured("mode")) ?? asMode(mode) ?? this.mode;
    this.model = this.transcript.configured("model") ?? this.model;
  }

  private async ready(signal: AbortSignal): Promise<void> {
    if (!(await this.server.start())) throw new Error(this.server.problem?.title ?? "the server was stopped");
    if (!signal.aborted) await this.open();
  }

  private async step(prompt: Prompt): Promise<StepResult> {
    const sessionId = await this.open();
    const params = stepParams(prompt, this.mode, this.server.folder);
    const result = await this.server.request("agent/step", { ...params, ...(sessionId && { sessionId }) });
    if (this.session.id === sessionId) this.session.adopt(result.sessionId); // else another one was started meanwhile
    return result;
  }

  private async interrupt(): Promise<void> {
    const sessionId = this.session.id;
    if (sessionId) await this.server.request("agent/interrupt", { sessionId });
  }

  private fromServer(event: Event): void {
    if (event.taskId) return; // the task's own conversation
    if (!this.session.id) this.session.adopt(event.sessionId);
    if (event.sessionId !== this.session.id) return;
    this.take(event);
    this.turns.follow(event);
  }

  private take(event: Event): void {
    if (this.transcript.add(event)) this.events.fire(event);
  }

  private async serverChanged(state: string): Promise<void> {
    if (state === "waiting" || state === "failed" || state === "stopped") {
      const end = this.transcript.openTurn();
      if (end) this.take({ ...end, kind: "turnFinished", status: "interrupted", time: new Date().toISOString() });
      this.session.lost();
      this.turns.serverEnded();
      if (state === "failed") this.turns.giveBack(); // else each prompt would start the server again
    }
    if (state === "starting") this.turns.serverStarts();
    this.state.fire();
    if (state === "running" && this.session.wasLost) {
      const kept = await this.attempt("resume", () => this.session.recover(this.transcript.lastSeq));
      this.tell(kept ? "info" : "warning", kept ? goesOn : forgotten);
      this.state.fire();
    }
  }
}
