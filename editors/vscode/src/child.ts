/** One run of the server's program: process, pipes and connection. It knows nothing of when to start another. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Log, Said } from "./log";

/** Milliseconds that a server has to answer shutdown, then to end: the editor itself gives no more than 5 s in all. */
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
  /** Told once, when the process has ended or could not be started; never rejects. */
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
    child.stdin.on("error", () => undefined); // told by ended
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

  /** The last lines that it has written: why it has ended is often there. */
  tail(): string {
    return this.said.last.join("\n");
  }

  /** Ends the server in order; kills it when it does not come to its end. Afterwards there is no process any more. */
  async stop(): Promise<void> {
    const ending = this.shutdown().catch(() => undefined); // it has ended already
    const inOrder = await within(shutdownTime, ending);
    this.process.stdin?.end();
    if (!inOrder) this.process.kill("SIGTERM");
    if (await within(exitTime, this.ended)) return;
    this.process.kill("SIGKILL");
    await within(exitTime, this.ended); // one that the system does not let go is not waited for
  }

  private async shutdown(): Promise<void> {
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
  }
}

/** Whether promise settled in time. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
