/** What extension and panel say to each other. Both ends compile against this; neither imports the other. */
import type { ClientRequests, Event } from "./protocol";

/** Who asks: the name of the task, and that of the folder where there are several. */
interface Asker {
  from?: string;
  folder?: string;
}

export type Approval = ClientRequests["agent/requestApproval"]["params"] & Asker;
export type Decision = ClientRequests["agent/requestApproval"]["result"];
export type Question = ClientRequests["agent/askUser"]["params"] & Asker;
export type Answer = ClientRequests["agent/askUser"]["result"];

/** A problem that the user can do something about. */
export interface Problem {
  title: string;
  detail: string;
  actions: ProblemAction[];
}

export interface ProblemAction {
  /** a command of this extension */
  command: string;
  title: string;
}

/** A file or selection that goes along with a prompt. Lines count from 1, both ends included. */
export interface Attachment {
  path: string;
  start?: number;
  end?: number;
  text?: string;
}

export interface Prompt {
  text: string;
  attachments: Attachment[];
}

export interface QueuedPrompt extends Prompt {
  id: number;
}

export interface Recent {
  sessionId: string;
  title: string;
  updatedAt: string;
}

/** A model server that runs on this machine. */
export interface LocalServer {
  name: string;
  baseUrl: string;
  models: string[];
}

/** Everything of the panel that is not the conversation. */
export interface PanelState {
  server: "stopped" | "starting" | "running" | "waiting" | "failed";
  folder: string;
  /** there are others to choose from */
  manyFolders: boolean;
  busy: boolean;
  mode: string;
  model: string;
  sandbox: string;
  sandboxReason: string;
  queue: QueuedPrompt[];
  can: { undo: boolean; rewind: boolean; diff: boolean; resume: boolean };
  problem?: Problem;
  /** there is no model yet; what could be used instead of a key */
  noModel?: LocalServer[];
  recent: Recent[];
}

export interface Asks {
  approvals: Approval[];
  questions: Question[];
}

/** What became of undoing a turn, or files of it. */
export interface Undone {
  turnId: string;
  paths?: string[];
  /** the record to revert in order to take it back; absent when nothing was put back */
  redo?: string;
  conflicts: { path: string; reason: string }[];
}

export type ToPanel =
  | { type: "reset"; events: readonly Event[]; cut: boolean }
  | { type: "events"; events: Event[] }
  | { type: "state"; state: PanelState }
  | { type: "asks"; asks: Asks }
  /** puts the focus on what waits under that key */
  | { type: "showAsk"; key: string }
  | { type: "undone"; undone: Undone }
  | { type: "compose"; text: string; attachments: Attachment[] }
  | { type: "files"; query: string; paths: string[] };

export type FromPanel =
  | { type: "ready" }
  | { type: "send"; prompt: Prompt }
  | { type: "stop" }
  | { type: "unqueue"; id: number }
  | { type: "approve"; key: string; decision: string; feedback?: string }
  | { type: "answer"; key: string; answer?: string }
  | { type: "open"; path: string }
  | { type: "diff"; turnId: string; path: string }
  | { type: "preview"; key: string; path: string }
  | { type: "undo"; turnId: string; paths?: string[] }
  | { type: "rewind"; turnId: string; text: string }
  | { type: "retry"; text: string }
  | { type: "link"; href: string }
  | { type: "resume"; sessionId: string }
  | { type: "command"; command: string }
  | { type: "useServer"; baseUrl: string }
  | { type: "files"; query: string };
