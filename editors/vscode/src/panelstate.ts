/** What the panel shows around the conversation. */
import type { Chat } from "./chat";
import type { PanelState, Recent } from "./messages";

export function stateOf(chat: Chat, recent: Recent[]): PanelState {
  const { server } = chat;
  const problem = server.problem ?? chat.problem;
  return {
    server: server.state,
    folder: server.folder?.name ?? "",
    busy: chat.busy,
    mode: chat.mode,
    model: chat.model,
    sandbox: server.info?.runtime.sandbox ?? "",
    sandboxReason: server.info?.runtime.reason ?? "",
    queue: chat.queue.list,
    can: {
      undo: server.has("files/revert"),
      rewind: server.has("session/rewind"),
      diff: server.has("files/diff"),
      resume: server.has("session/resume"),
    },
    ...(problem && { problem }),
    recent,
  };
}
