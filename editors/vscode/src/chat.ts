/**
 * The conversation of one workspace folder: prompts, the queue behind the running
 * turn, and what the panel shows of it. How sessions are opened is in session.ts.
 */
import * as vscode from "vscode";
import { ResponseError } from "vscode-jsonrpc/node";
import { stepParams } from "./context";
import { type Log, messageOf } from "./log";
import type { Problem, Prompt } from "./messages";
import { forgotten, goesOn, ofError } from "./problems";
import { maxQueue, Queue } from "./queue";
import type { Event, StepResult } from "./protocol";
import type { Server } from "./server";
import { Session } from "./session";
import { type Mode, readSettings } from "./settings";
import { Transcript } from "./transcript";

export class Chat implements vscode.Disposable {
  readonly transcript = new Transcript();
  readonly session: Session;
  busy = false;
  problem?: Problem;
  readonly queue = new Queue();
  mode: Mode;
  model: string;
  private lastPrompt?: Prompt;
  private readonly disposables: { dispose(): void }[] = [];
  private readonly events = new vscode.EventEmitter<Event>();
  private readonly reset = new vscode.EventEmitter<void>();
  private readonly state = new vscode.EventEmitter<void>();
  readonly onEvent = this.events.event;
  /** The transcript is another one now. */
  readonly onReset = this.reset.event;
  readonly onState = this.state.event;

  constructor(
    readonly server: Server,
    memory: vscode.Memento,
    private readonly log: Log,
  ) {
    ({ mode: this.mode, model: this.model } = readSettings(server.folder));
    this.session = new Session(server, memory, {
      event: (event) => this.take(event),
      cleared: () => {
        this.transcript.clear();
        this.reset.fire();
      },
    });
    this.disposables.push(
      server.onEvent((event) => this.fromServer(event)),
      server.onDidChange((state) => void this.serverChanged(state)),
    );
  }

  /** Says prompt to the agent: now, or when the running turn has ended. */
  async send(prompt: Prompt): Promise<void> {
    if (!this.busy) return this.run(prompt);
    if (!this.queue.add(prompt)) this.tell("error", `No more than ${maxQueue} messages can wait.`);
    this.state.fire();
  }

  unqueue(id: number): Prompt | undefined {
    const found = this.queue.remove(id);
    this.state.fire();
    return found;
  }

  /** Says the last prompt again. */
  async retry(): Promise<void> {
    if (this.lastPrompt && !this.busy) await this.run(this.lastPrompt);
  }

  async stop(): Promise<void> {
    const sessionId = this.session.id;
    if (!sessionId || !this.busy) return;
    await this.server.request("agent/interrupt", { sessionId });
  }

  async newSession(): Promise<void> {
    await this.stop();
    this.queue.clear();
    this.problem = undefined;
    this.lastPrompt = undefined;
    await this.session.begin();
    this.state.fire();
  }

  async resume(sessionId: string): Promise<void> {
    await this.stop();
    this.queue.clear();
    this.problem = undefined;
    await this.attempt("resume", () => this.session.load(sessionId));
    this.state.fire();
  }

  /** Fills the panel with the session that was open last. */
  async restore(): Promise<void> {
    if (await this.server.start()) await this.attempt("restore", () => this.session.restore());
  }

  async configure(change: { mode?: Mode; model?: string }): Promise<void> {
    if (change.mode) this.mode = change.mode;
    if (change.model !== undefined) this.model = change.model;
    const sessionId = this.session.openId;
    if (sessionId && this.server.has("session/configure")) {
      await this.attempt("configure", () => this.server.request("session/configure", { sessionId, ...change }));
    }
    this.state.fire();
  }

  /** The session, open for what needs it so. */
  async open(): Promise<string | undefined> {
    return this.session.open({ mode: this.mode, model: this.model });
  }

  /** Adds a line of the extension's own to the conversation. */
  tell(level: "info" | "warning" | "error", text: string): void {
    this.take({ sessionId: this.session.id ?? "", time: new Date().toISOString(), kind: "notice", level, text });
  }

  dispose(): void {
    for (const d of [...this.disposables, this.events, this.reset, this.state]) d.dispose();
  }

  private async run(prompt: Prompt): Promise<void> {
    this.busy = true;
    this.problem = undefined;
    this.lastPrompt = prompt;
    this.state.fire();
    try {
      this.done(await this.step(prompt));
    } catch (error) {
      this.failed(error);
    } finally {
      this.busy = false;
      this.state.fire();
    }
    const next = this.next();
    if (next) await this.run(next);
  }

  private next(): Prompt | undefined {
    return this.problem ? undefined : this.queue.shift();
  }

  private async step(prompt: Prompt): Promise<StepResult> {
    if (!(await this.server.start())) throw new Error(this.server.problem?.title);
    const sessionId = await this.open();
    const params = stepParams(prompt, this.mode, this.server.folder);
    return this.server.request("agent/step", { ...params, ...(sessionId && { sessionId }) });
  }

  private done(result: StepResult): void {
    this.session.adopt(result.sessionId);
    this.problem = result.error && ofError(result.error.code, result.error.message);
  }

  private failed(error: unknown): void {
    // A server that has ended or did not start tells of it itself: serverChanged.
    if (this.server.state !== "running") return;
    this.problem = error instanceof ResponseError ? ofError(error.code, error.message) : undefined;
    if (!this.problem) this.tell("error", messageOf(error));
  }

  private fromServer(event: Event): void {
    if (event.taskId) return; // the task's own conversation
    if (!this.session.id) this.session.adopt(event.sessionId);
    if (event.sessionId === this.session.id) this.take(event);
  }

  private take(event: Event): void {
    if (this.transcript.add(event)) this.events.fire(event);
  }

  private async serverChanged(state: string): Promise<void> {
    if (state === "waiting" || state === "failed") {
      const end = this.transcript.openTurn();
      if (end) this.take({ ...end, kind: "turnFinished", status: "interrupted", time: new Date().toISOString() });
      this.session.lost();
    }
    this.state.fire();
    if (state === "running" && this.session.wasLost) {
      const kept = await this.attempt("resume", () => this.session.recover(this.transcript.lastSeq));
      this.tell(kept ? "info" : "warning", kept ? goesOn : forgotten);
      this.state.fire();
    }
  }

  /** Does something for the user, and tells in the conversation when it fails. */
  async attempt<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.log.error(what, error);
      this.tell("error", messageOf(error));
      return undefined;
    }
  }
}
