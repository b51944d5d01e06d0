/**
 * What waits for the user: may this be done, and which of these. The panel shows
 * it; when it is hidden a notification does. Whichever is answered first counts.
 */
import * as vscode from "vscode";
import type { CancellationToken, MessageConnection } from "vscode-jsonrpc/node";
import type { Folders } from "./folders";
import { showError } from "./log";
import type { Answer, Approval, Asks, Decision, Question } from "./messages";
import { notifyApproval, notifyQuestion, showMessage } from "./notify";
import type { Server } from "./server";

interface Waiting<Request, Reply> {
  server: Server;
  request: Request;
  /** Called once; undefined: it was withdrawn. */
  reply: (reply: Reply | undefined) => void;
  /** puts it before a user who does not see the panel */
  notify: () => void;
}

type Waitings<Request, Reply> = Map<string, Waiting<Request, Reply>>;

/** What is to be known of the rest of the window. */
export interface Surroundings {
  panelVisible: () => boolean;
  /** Shows the panel, with the focus on what waits under that key. */
  showAsk: (key: string) => void;
  taskName: (taskId: string) => string | undefined;
}

export class Approvals implements vscode.Disposable {
  private readonly approvals: Waitings<Approval, Decision> = new Map();
  private readonly questions: Waitings<Question, Answer> = new Map();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly around: Surroundings) {}

  get pending(): Asks {
    const approvals = [...this.approvals.values()].map(({ request }) => ({
      ...request,
      ...(request.taskId && { from: this.around.taskName(request.taskId) ?? "a task" }),
    }));
    return { approvals, questions: [...this.questions.values()].map(({ request }) => request) };
  }

  /** The approval of that key, and the server that asks for it. */
  find(key: string): { server: Server; request: Approval } | undefined {
    return this.approvals.get(key);
  }

  /** Serves what the servers of folders ask, and forgets it with them. */
  follow(folders: Folders): void {
    folders.onDidConnect(({ chat, connection }) => this.serve(chat.server, connection));
    folders.onDidMake((chat) => {
      chat.onDidOpen((sessionId) => void this.recover(chat.server, sessionId).catch(showError));
      chat.onDidLeave((sessionId) => this.forgetSession(sessionId));
    });
    folders.onEvent(({ kind, requestKey }) => {
      if (kind === "approvalResolved" && requestKey) this.forget(requestKey);
    });
  }

  private serve(server: Server, connection: MessageConnection): void {
    connection.onRequest("agent/requestApproval", (request: Approval, token: CancellationToken) => {
      token.onCancellationRequested(() => this.forget(request.requestKey));
      return new Promise<Decision>((resolve) =>
        this.askApproval(server, request, (decision) => resolve(decision ?? { decision: "deny" })),
      );
    });
    connection.onRequest("agent/askUser", (request: Question, token: CancellationToken) => {
      token.onCancellationRequested(() => this.forget(request.requestKey));
      return new Promise<Answer>((resolve) =>
        this.ask(server, request, (answer) => resolve(answer ?? { cancelled: true })),
      );
    });
    connection.onRequest("window/showMessageRequest", showMessage);
    connection.onDispose(() => this.ended(server));
  }

  /** Takes over what the last server of a session had asked and nobody has answered. */
  private async recover(server: Server, sessionId: string): Promise<void> {
    if (!server.has("agent/pendingRequests")) return;
    const { requests } = await server.request("agent/pendingRequests", { sessionId });
    for (const { requestKey, approval } of requests) {
      if (!approval || this.approvals.has(requestKey)) continue;
      this.askApproval(server, approval, (response) => {
        if (response) void server.request("agent/respond", { requestKey, response }).catch(showError);
      });
    }
  }

  /** Asks something in the name of a server. */
  ask(server: Server, request: Question, reply: (answer: Answer | undefined) => void): void {
    const key = request.requestKey;
    const named = { ...request, ...folderOf(server) };
    const decide = (answer: string): void => this.answer(key, answer);
    const notify = (): void => void notifyQuestion(named, decide, () => this.around.showAsk(key));
    // What a task asks comes when the user is at something else.
    this.put(this.questions, { server, request: named, reply, notify }, request.from !== undefined);
  }

  approve(key: string, decision: string, feedback?: string): void {
    this.settle(this.approvals, key, { decision, ...(feedback && { feedback }) });
  }

  answer(key: string, answer: string | undefined): void {
    this.settle(this.questions, key, answer === undefined ? { cancelled: true } : { answer });
  }

  /** It was withdrawn, or answered elsewhere. */
  forget(key: string): void {
    this.settle(this.approvals, key, undefined);
    this.settle(this.questions, key, undefined);
  }

  /** Forgets what a session asks, which is left. */
  private forgetSession(sessionId: string): void {
    for (const { request } of [...this.approvals.values(), ...this.questions.values()]) {
      if (request.sessionId === sessionId) this.forget(request.requestKey);
    }
  }

  /** What waits would not be seen any more. */
  panelHidden(): void {
    for (const { notify } of [...this.approvals.values(), ...this.questions.values()]) notify();
  }

  dispose(): void {
    // No answers: a window that is closed decides nothing.
    this.approvals.clear();
    this.questions.clear();
    this.changed.dispose();
  }

  private askApproval(server: Server, request: Approval, reply: (decision: Decision | undefined) => void): void {
    const key = request.requestKey;
    const named = { ...request, ...folderOf(server) };
    const decide = (decision: string): void => this.approve(key, decision);
    const notify = (): void => void notifyApproval(named, decide, () => this.around.showAsk(key));
    this.put(this.approvals, { server, request: named, reply, notify });
  }

  private put<Request extends { requestKey: string }, Reply>(
    to: Waitings<Request, Reply>,
    waiting: Waiting<Request, Reply>,
    alsoNotify = false,
  ): void {
    to.set(waiting.request.requestKey, waiting);
    this.changed.fire();
    if (!this.around.panelVisible() || alsoNotify) waiting.notify();
  }

  private settle<Request, Reply>(of: Waitings<Request, Reply>, key: string, reply: Reply | undefined): void {
    const waiting = of.get(key);
    if (!waiting) return;
    of.delete(key);
    waiting.reply(reply);
    this.changed.fire();
  }

  private ended(server: Server): void {
    for (const waiting of [...this.approvals.values(), ...this.questions.values()]) {
      if (waiting.server === server) this.forget(waiting.request.requestKey);
    }
  }
}

/** The name of the server's folder where there are others: what is asked need not be about the one that is shown. */
function folderOf({ folder }: Server): { folder?: string } {
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  return several && folder ? { folder: folder.name } : {};
}
