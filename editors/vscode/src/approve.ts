/**
 * What the server asks: may this be done, and which of these. The panel shows it;
 * when it is hidden a notification does. Whichever is answered first counts.
 */
import * as vscode from "vscode";
import type { CancellationToken, MessageConnection } from "vscode-jsonrpc/node";
import { visible } from "./escape";
import type { Answer, Asks, Decision, Approval, Question } from "./messages";
import type { MessageAction, MessageRequest } from "./protocol";

const titles: Record<string, string> = {
  allow: "Allow",
  allowForSession: "Allow for Session",
  deny: "Deny",
  cancelTurn: "Stop the Turn",
};

interface Pending<Request, Reply> {
  request: Request;
  settle(reply: Reply): void;
}

export class Approvals implements vscode.Disposable {
  private readonly approvals = new Map<string, Pending<Approval, Decision>>();
  private readonly questions = new Map<string, Pending<Question, Answer>>();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  /** panelVisible says whether the user sees the panel; showPanel brings it up. */
  constructor(private readonly panel: { isVisible(): boolean; show(): void }) {}

  get pending(): Asks {
    return {
      approvals: [...this.approvals.values()].map((p) => p.request),
      questions: [...this.questions.values()].map((p) => p.request),
    };
  }

  /** Serves the requests of a connection. */
  serve(connection: MessageConnection): void {
    connection.onRequest("agent/requestApproval", (request: Approval, token: CancellationToken) => {
      const answer = this.wait(this.approvals, request, token, { decision: "deny" });
      if (!this.panel.isVisible()) void this.notifyApproval(request);
      return answer;
    });
    connection.onRequest("agent/askUser", (request: Question, token: CancellationToken) => {
      const answer = this.wait(this.questions, request, token, { cancelled: true });
      if (!this.panel.isVisible()) void this.notifyQuestion(request);
      return answer;
    });
    connection.onRequest("window/showMessageRequest", showMessage);
    connection.onDispose(() => this.withdraw());
  }

  approve(key: string, decision: string, feedback?: string): void {
    this.approvals.get(key)?.settle({ decision, ...(feedback && { feedback }) });
  }

  answer(key: string, answer: string | undefined): void {
    this.questions.get(key)?.settle(answer === undefined ? { cancelled: true } : { answer });
  }

  /** Forgets what the given server asked: it has ended. */
  private withdraw(): void {
    for (const p of this.approvals.values()) p.settle({ decision: "deny" });
    for (const p of this.questions.values()) p.settle({ cancelled: true });
  }

  dispose(): void {
    this.withdraw();
    this.changed.dispose();
  }

  private wait<Request extends { requestKey: string }, Reply>(
    map: Map<string, Pending<Request, Reply>>,
    request: Request,
    token: CancellationToken,
    withdrawn: Reply,
  ): Promise<Reply> {
    return new Promise((resolve) => {
      const settle = (reply: Reply): void => {
        if (!map.delete(request.requestKey)) return;
        resolve(reply);
        this.changed.fire();
      };
      map.set(request.requestKey, { request, settle });
      token.onCancellationRequested(() => settle(withdrawn));
      this.changed.fire();
    });
  }

  private async notifyApproval(request: Approval): Promise<void> {
    const what = request.command ? `${request.title}\n${visible(request.command)}` : visible(request.title);
    const rule =
      request.rule && request.options.includes("allowForSession") ? ` · for the session: ${visible(request.rule)}` : "";
    const options = request.options
      .filter((option) => option !== "cancelTurn")
      .map((option) => titles[option] ?? option);
    const chosen = await vscode.window.showWarningMessage(`Pygent: ${what}${rule}`.slice(0, 1000), ...options, "Show");
    if (chosen === "Show") this.panel.show();
    const decision = request.options.find((option) => (titles[option] ?? option) === chosen);
    if (decision) this.approve(request.requestKey, decision);
  }

  private async notifyQuestion(request: Question): Promise<void> {
    const text = `Pygent asks: ${visible(request.question)}`.slice(0, 1000);
    const options = (request.options ?? []).slice(0, 3);
    const chosen = await vscode.window.showInformationMessage(text, ...options, "Show");
    if (chosen === "Show") this.panel.show();
    else if (chosen !== undefined) this.answer(request.requestKey, chosen);
  }
}

async function showMessage(request: MessageRequest): Promise<MessageAction | null> {
  const show =
    request.type === 1
      ? vscode.window.showErrorMessage
      : request.type === 2
        ? vscode.window.showWarningMessage
        : vscode.window.showInformationMessage;
  const actions = (request.actions ?? []).map((action) => action.title);
  const chosen = await show<string>(visible(request.message), ...actions);
  return chosen === undefined ? null : { title: chosen };
}
