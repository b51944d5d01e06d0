/**
 * Approvals and questions for the user. The panel shows them; if it is hidden, a
 * notification does. The first answer counts.
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
  /** Called once; undefined: the request was cancelled. */
  reply: (reply: Reply | undefined) => void;
  /** shows it to a user who does not see the panel */
  notify: () => void;
}

type Waitings<Request, Reply> = Map<string, Waiting<Request, Reply>>;

/** What approvals need from the rest of the window. */
export interface Surroundings {
  panelVisible: () => boolean;
  /** Shows the panel and focuses the request with that key. */
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

  /** The approval with that key, and its server. */
  find(key: string): { server: Server; request: Approval } | undefined {
    return this.approvals.get(key);
  }

  /** Serves the requests of the servers of folders, and drops them when their server ends. */
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

  /** Shows the pending requests of a resumed session. */
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

  /** Asks the user a question of a server. */
  ask(server: Server, request: Question, reply: (answer: Answer | undefined) => void): void {
    const key = request.requestKey;
    const named = { ...request, ...folderOf(server) };
    const decide = (answer: string): void => this.answer(key, answer);
    const notify = (): void => void notifyQuestion(named, decide, () => this.around.showAsk(key));
    // The user is usually busy with something else when a task asks.
    this.put(this.questions, { server, request: named, reply, notify }, request.from !== undefined);
  }

  approve(key: string, decision: string, feedback?: string): void {
    this.settle(this.approvals, key, { decision, ...(feedback && { feedback }) });
  }

  answer(key: string, answer: string | undefined): void {
    this.settle(this.questions, key, answer === undefined ? { cancelled: true } : { answer });
  }

  /** Removes a request that was cancelled, or answered elsewhere. */
  forget(key: string): void {
    this.settle(this.approvals, key, undefined);
    this.settle(this.questions, key, undefined);
  }

  /** Removes the requests of a session that is left. */
  private forgetSession(sessionId: string): void {
    for (const { request } of [...this.approvals.values(), ...this.questions.values()]) {
      if (request.sessionId === sessionId) this.forget(request.requestKey);
    }
  }

  /** Notifies the user of pending requests, because the panel is hidden now. */
  panelHidden(): void {
    for (const { notify } of [...this.approvals.values(), ...this.questions.values()]) notify();
  }

  dispose(): void {
    // No answers, because closing a window decides nothing.
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

/** The name of the server's folder if there are several: a request need not be of the folder that is shown. */
function folderOf({ folder }: Server): { folder?: string } {
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  return several && folder ? { folder: folder.name } : {};
}
