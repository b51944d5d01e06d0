/** Undoing what a turn did to files, and going back to before a message. */
import type { Chat } from "./chat";
import type { Undone } from "./messages";

/** Undoes a turn or files of it; the record of an undoing, given as turnId, takes that back. */
export async function undo(chat: Chat, turnId: string, paths?: string[]): Promise<Undone | undefined> {
  const answer = await chat.attempt("undo", async () => {
    const sessionId = (await chat.open()) ?? "";
    return chat.server.request("files/revert", { sessionId, turnId, ...(paths && { paths }) });
  });
  if (!answer) return undefined;
  const { turnId: redo, conflicts } = answer;
  return { turnId, ...(paths && { paths }), ...(redo && { redo }), conflicts };
}

/** Makes conversation and files what they were before a turn; false: it did not work, and the user was told. */
export async function rewind(chat: Chat, turnId: string): Promise<boolean> {
  const answer = await chat.attempt("rewind", async () => {
    const sessionId = (await chat.open()) ?? "";
    return chat.server.request("session/rewind", { sessionId, turnId });
  });
  for (const { path, reason } of answer?.conflicts ?? []) {
    chat.tell("warning", `${path} was left as it is: ${reason}`);
  }
  return answer !== undefined;
}
