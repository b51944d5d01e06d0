/** Makes the state of the panel around the conversation. */
import * as vscode from "vscode";
import type { Chat } from "./chat";
import type { LocalServer, PanelState, Recent } from "./messages";

export function stateOf(chat: Chat, recent: Recent[] = [], noModel?: LocalServer[]): PanelState {
  const { server } = chat;
  const problem = server.problem ?? chat.turns.problem;
  return {
    server: server.state,
    folder: server.folder?.name ?? "",
    manyFolders: (vscode.workspace.workspaceFolders?.length ?? 0) > 1,
    busy: chat.turns.busy,
    mode: chat.mode,
    model: chat.model,
    sandbox: server.info?.runtime.sandbox ?? "",
    sandboxReason: server.info?.runtime.reason ?? "",
    queue: chat.turns.queue.list,
    can: {
      undo: server.has("files/revert"),
      rewind: server.has("session/rewind"),
      diff: server.has("files/diff"),
      resume: server.has("session/resume"),
    },
    ...(problem && { problem }),
    ...(noModel && { noModel }),
    recent,
  };
}
