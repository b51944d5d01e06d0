/** Shows approvals and questions as notifications when the panel is hidden. */
import * as vscode from "vscode";
import { notice } from "./escape";
import type { Approval, Question } from "./messages";
import type { MessageAction, MessageRequest } from "./protocol";

const titles: Record<string, string> = {
  allow: "Allow",
  allowForSession: "Allow for Session",
  deny: "Deny",
};
/** The most characters of a notification. Longer requests are answered in the panel. */
const maxText = 600;
/** The most characters of one of its buttons. */
const maxButton = 60;
/** Milliseconds before the buttons of a notification count: an earlier click was meant for something else. */
const quiet = 1000;

/** when the last notification appeared, which moved the earlier ones */
let last = 0;

/** Shows a notification until it is closed, or until a button is pressed that counts. */
async function ask(show: typeof vscode.window.showWarningMessage, text: string, decides: string[], leads: string) {
  for (;;) {
    last = Date.now();
    const chosen = await show(text, ...decides, leads);
    if (chosen === undefined || chosen === leads || Date.now() - last >= quiet) return chosen;
  }
}

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
  // An approval that is not shown in full is not decided here.
  const whole = text.length <= maxText;
  const offered = whole ? options : [];
  const chosen = await ask(
    vscode.window.showWarningMessage,
    whole ? text : `${text.slice(0, maxText)}… ✂ “Show” shows all of it`,
    offered.map((option) => titles[option] ?? option),
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
  const question = notice(request.question);
  const options = request.options ?? [];
  // A question that is not shown in full is not answered here.
  const whole = question.length <= maxText && options.length <= 3 && options.every((o) => o.length <= maxButton);
  const offered = whole ? options : [];
  const text = whole ? question : `${question.slice(0, maxText)}… ✂ “Answer…” shows all of it`;
  const chosen = await ask(
    vscode.window.showInformationMessage,
    `${sender(request)} asks: ${text}`,
    offered.map(notice),
    "Answer…",
  );
  const answered = offered.find((option) => notice(option) === chosen);
  if (answered !== undefined) answer(answered);
  else if (chosen !== undefined) show();
}

/** Whether it changes files: a notification cannot show a diff, so it does not offer to allow it. */
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
