/** The turns of a conversation: the one that runs, what waits behind it, and what became of the last. */
import { ResponseError } from "vscode-jsonrpc/node";
import type { Problem, Prompt } from "./messages";
import { messageOf, ofError, withdrawn } from "./problems";
import type { Event, StepResult } from "./protocol";
import { maxQueue, Queue } from "./queue";

/** What turns need of the conversation that they are in. */
export interface TurnsHost {
  /** Resolves when a turn can be run; a signal that is aborted: nobody waits for it any more. */
  ready(signal: AbortSignal): Promise<unknown>;
  /** Runs a turn and answers what became of it. */
  step(prompt: Prompt): Promise<StepResult>;
  interrupt(): Promise<unknown>;
  /** The server runs: one that has ended tells of it itself. */
  serverRuns(): boolean;
  tell(level: "info" | "error", text: string): void;
  /** The prompt was not said: the user shall not have to write it again. */
  unsent(prompt: Prompt): void;
  changed(): void;
}

export class Turns {
  readonly queue = new Queue();
  problem?: Problem;
  private last?: Prompt;
  private stepping = false;
  private taken = false;
  /** withdraws the prompt that waits for the server */
  private withdraw?: AbortController;
  /** one that goes on where an approval was asked for has no step that waits for it */
  private running?: string;

  constructor(private readonly host: TurnsHost) {}

  get busy(): boolean {
    return this.stepping || this.running !== undefined;
  }

  /** Says prompt to the agent: now, or when the running turn has ended. */
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

  /** Says a prompt again. text is what the panel knows of it; what went along is known of the last one. */
  async retry(text: string): Promise<void> {
    const same = this.last?.text.trim() === text.trim() ? this.last : undefined;
    if (!this.busy) await this.run(same ?? { text, attachments: [] });
  }

  /** Ends the running turn; what waits behind it is not said either. */
  async stop(): Promise<void> {
    this.giveBack();
    if (this.withdraw) this.withdraw.abort();
    else if (this.busy) await this.host.interrupt();
  }

  /** What waits is not said: the user gets it back. */
  giveBack(): void {
    for (const prompt of this.queue.clear()) this.host.unsent(prompt);
    this.host.changed();
  }

  /** Another conversation begins. */
  async leave(): Promise<void> {
    await this.stop();
    this.problem = undefined;
    this.last = undefined;
    this.running = undefined;
  }

  /** Takes what the server tells. */
  follow(event: Event): void {
    if (event.kind === "turnStarted") {
      this.running = event.turnId;
      this.taken = true;
    } else if (event.kind === "turnFinished") this.ended(event);
    else return;
    this.host.changed();
  }

  /** Nothing runs any more. */
  serverEnded(): void {
    this.running = undefined;
  }

  /** What was wrong with the last server need not be with this one. */
  serverStarts(): void {
    this.problem = undefined;
  }

  private ended(event: Event): void {
    this.running = undefined;
    if (this.stepping) return; // the step's answer comes next
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

  /** Waits for the server; false: the user does not. */
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
