/** The turns of a conversation: the running one, the queued prompts, and the result of the last one. */
import { ResponseError } from "vscode-jsonrpc/node";
import type { Problem, Prompt } from "./messages";
import { messageOf, ofError, withdrawn } from "./problems";
import type { Event, StepResult } from "./protocol";
import { maxQueue, Queue } from "./queue";

/** What turns need from their conversation. */
export interface TurnsHost {
  /** Resolves when a turn can run. signal ends the wait. */
  ready(signal: AbortSignal): Promise<unknown>;
  /** Runs a turn and returns its result. */
  step(prompt: Prompt): Promise<StepResult>;
  interrupt(): Promise<unknown>;
  /** Whether the server runs. The end of a server is reported elsewhere. */
  serverRuns(): boolean;
  tell(level: "info" | "error", text: string): void;
  /** Returns a prompt that was not sent to the user. */
  unsent(prompt: Prompt): void;
  changed(): void;
}

export class Turns {
  readonly queue = new Queue();
  problem?: Problem;
  private last?: Prompt;
  private stepping = false;
  private taken = false;
  /** cancels the prompt that waits for the server */
  private withdraw?: AbortController;
  /** the running turn; a turn continued by an approval has no step that waits for it */
  private running?: string;

  constructor(private readonly host: TurnsHost) {}

  get busy(): boolean {
    return this.stepping || this.running !== undefined;
  }

  /** Sends prompt to the agent, now or when the running turn has ended. */
  async send(prompt: Prompt): Promise<void> {
    if (!this.busy) return this.run(prompt);
    if (!this.queue.add(prompt)) this.host.tell("error", `No more than ${maxQueue} messages can wait.`);
    this.host.changed();
  }

  unqueue(id: number): Prompt | undefined {
    const found = this.queue.remove(id);
    this.host.changed();
    return found;
  }

  /** Sends a prompt again. The panel knows only its text; the attachments are kept for the last prompt. */
  async retry(text: string): Promise<void> {
    const same = this.last?.text.trim() === text.trim() ? this.last : undefined;
    if (!this.busy) await this.run(same ?? { text, attachments: [] });
  }

  /** Cancels the running turn and the queued prompts. */
  async stop(): Promise<void> {
    this.giveBack();
    if (this.withdraw) this.withdraw.abort();
    else if (this.busy) await this.host.interrupt();
  }

  /** Returns the queued prompts to the user. */
  giveBack(): void {
    for (const prompt of this.queue.clear()) this.host.unsent(prompt);
    this.host.changed();
  }

  /** Leaves the turns for another conversation. */
  async leave(): Promise<void> {
    await this.stop();
    this.problem = undefined;
    this.last = undefined;
    this.running = undefined;
  }

  /** Handles an event of the server. */
  follow(event: Event): void {
    if (event.kind === "turnStarted") {
      this.running = event.turnId;
      this.taken = true;
    } else if (event.kind === "turnFinished") this.ended(event);
    else return;
    this.host.changed();
  }

  /** The server has ended, so nothing runs any more. */
  serverEnded(): void {
    this.running = undefined;
  }

  /** A new server starts, which need not have the last one's problem. */
  serverStarts(): void {
    this.problem = undefined;
  }

  private ended(event: Event): void {
    this.running = undefined;
    if (this.stepping) return; // the step's answer follows
    this.problem = event.error && ofError(event.error.code, event.error.message);
    void this.next();
  }

  private async run(prompt: Prompt): Promise<void> {
    this.stepping = true;
    this.taken = false;
    this.problem = undefined;
    this.last = prompt;
    this.host.changed();
    try {
      if (await this.ready()) {
        const { error } = await this.host.step(prompt);
        this.problem = error && ofError(error.code, error.message);
      } else {
        this.host.unsent(prompt);
        this.host.tell("info", withdrawn);
      }
    } catch (error) {
      this.failed(error, prompt);
    } finally {
      this.stepping = false;
      this.host.changed();
    }
    await this.next();
  }

  /** Waits for the server; false: the user has stopped waiting. */
  private async ready(): Promise<boolean> {
    const { signal } = (this.withdraw = new AbortController());
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    try {
      await Promise.race([this.host.ready(signal), aborted]);
      return !signal.aborted;
    } finally {
      this.withdraw = undefined;
    }
  }

  private async next(): Promise<void> {
    const next = this.problem || this.busy ? undefined : this.queue.shift();
    if (next) await this.run(next);
  }

  private failed(error: unknown, prompt: Prompt): void {
    if (!this.taken) this.host.unsent(prompt);
    if (!this.host.serverRuns()) return;
    this.problem = error instanceof ResponseError ? ofError(error.code, error.message) : undefined;
    if (!this.problem) this.host.tell("error", messageOf(error));
  }
}
