/** Undoes a turn's changes of files, and rewinds to before a message. */
import type { Chat } from "./chat";
import type { Undone } from "./messages";

/** Undoes a turn or some of its files. With the turnId of an undo it redoes them. */
export async function undo(chat: Chat, turnId: string, paths?: string[]): Promise<Undone | undefined> {
  const answer = await chat.attempt("undo", async () => {
    const sessionId = (await chat.open()) ?? "";
    return chat.server.request("files/revert", { sessionId, turnId, ...(paths && { paths }) });
  });
  if (!answer) return undefined;
  const { turnId: redo, conflicts } = answer;
  return { turnId, ...(paths && { paths }), ...(redo && { redo }), conflicts };
}

/** Restores conversation and files to their state before a turn; false: it failed, and the user was told. */
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
