/** What waits for the user, as notifications: for those who do not see the panel. */
import * as vscode from "vscode";
import { notice } from "./escape";
import type { Approval, Question } from "./messages";
import type { MessageAction, MessageRequest } from "./protocol";

const titles: Record<string, string> = {
  allow: "Allow",
  allowForSession: "Allow for Session",
  deny: "Deny",
};
/** Characters of a notification's text; what is longer is decided on in the panel. */
const maxText = 600;

export async function notifyApproval(
  request: Approval,
  decide: (decision: string) => void,
  show: () => void,
): Promise<void> {
  const { title, command, rule } = request;
  const options = request.options.filter((option) => option in titles && (option === "deny" || !edits(request)));
  const what = notice(command ? `${title}: ${command}` : title);
  const forSession = rule && options.includes("allowForSession") ? ` · for the session: ${notice(rule)}` : "";
  const text = `${sender(request)}: ${what}${forSession}`;
  // What is not shown in full is not decided on here.
  const whole = text.length <= maxText;
  const offered = whole ? options : [];
  const chosen = await vscode.window.showWarningMessage(
    whole ? text : `${text.slice(0, maxText)}…`,
    ...offered.map((option) => titles[option] ?? option),
    "Show",
  );
  if (chosen === "Show") return show();
  const decision = offered.find((option) => titles[option] === chosen);
  if (decision) decide(decision);
}

export async function notifyQuestion(
  request: Question,
  answer: (text: string) => void,
  show: () => void,
): Promise<void> {
  const text = `${sender(request)} asks: ${notice(request.question.slice(0, maxText))}`;
  const options = (request.options ?? []).slice(0, 3);
  const chosen = await vscode.window.showInformationMessage(text, ...options, "Answer…");
  if (chosen !== undefined && options.includes(chosen)) answer(chosen);
  else if (chosen !== undefined) show();
}

/** Whether it would change files: a notification cannot show how, so it does not offer to allow it. */
function edits({ kind, changes }: Approval): boolean {
  return kind === "edit" || kind === "apply" || changes !== undefined;
}

function sender({ folder }: Approval | Question): string {
  return folder === undefined ? "Pygent" : `Pygent in ${notice(folder)}`;
}

/** Serves window/showMessageRequest. */
export async function showMessage(request: MessageRequest): Promise<MessageAction | null> {
  const actions = (request.actions ?? []).map((action) => action.title);
  const chosen = await shower(request.type)(notice(request.message), ...actions);
  return chosen === undefined ? null : { title: chosen };
}

function shower(type: number): (text: string, ...items: string[]) => Thenable<string | undefined> {
  if (type === 1) return vscode.window.showErrorMessage;
  return type === 2 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
}
