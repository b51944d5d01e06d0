/** One run of the server's program: process, pipes and connection. It does not decide about restarts. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Log, Said } from "./log";

/** Milliseconds for the answer to shutdown, and then for the end: the editor itself allows 5 s in total. */
const shutdownTime = 2500;
const exitTime = 1500;

export interface ChildOptions {
  program: string;
  arguments: string[];
  environment: NodeJS.ProcessEnv;
  /** directory to start in; absent: the editor's */
  cwd?: string;
  log: Log;
}

export class Child {
  readonly connection: MessageConnection;
  /** Resolves with the reason when the process has ended or could not be started; never rejects. */
  readonly ended: Promise<string>;
  private readonly process: ChildProcess;
  private readonly said: Said = { rest: "", last: [] };

  constructor(options: ChildOptions) {
    const child = spawn(options.program, ["serve", ...options.arguments], {
      cwd: options.cwd,
      env: options.environment,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.process = child;
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => options.log.stderr(this.said, chunk));
    child.stdin.on("error", () => undefined); // ended reports it
    this.connection = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
      { error: (m) => options.log.error(m), warn: (m) => options.log.warn(m), info: () => {}, log: () => {} },
    );
    this.connection.onError(([error]) => options.log.error("connection", error));
    void this.ended.then(() => this.connection.dispose());
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** The last lines of its stderr, which often say why it has ended. */
  tail(): string {
    return this.said.last.join("\n");
  }

  /** Shuts the server down, and kills it if it does not end. Afterwards there is no process any more. */
  async stop(): Promise<void> {
    const ending = this.shutdown().catch(() => undefined); // it has already ended
    const inOrder = await within(shutdownTime, ending);
    this.process.stdin?.end();
    if (!inOrder) this.process.kill("SIGTERM");
    if (await within(exitTime, this.ended)) return;
    this.process.kill("SIGKILL");
    await within(exitTime, this.ended); // do not wait longer for a process that cannot be killed
  }

  private async shutdown(): Promise<void> {
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
  }
}

/** Whether promise settles in time. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
