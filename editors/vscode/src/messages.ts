/** The messages between extension and panel. Both import this file; neither imports the other. */
import type { ClientRequests, Event } from "./protocol";

/** Who asks: the name of the task, and that of the folder if there are several. */
interface Asker {
  from?: string;
  folder?: string;
}

export type Approval = ClientRequests["agent/requestApproval"]["params"] & Asker;
export type Decision = ClientRequests["agent/requestApproval"]["result"];
export type Question = ClientRequests["agent/askUser"]["params"] & Asker;
export type Answer = ClientRequests["agent/askUser"]["result"];

/** A problem that the user can solve. */
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

/** A file or selection that is attached to a prompt. Lines count from 1, both ends included. */
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

/** A model server on this machine. */
export interface LocalServer {
  name: string;
  baseUrl: string;
  models: string[];
}

/** The state of the panel except the conversation. */
export interface PanelState {
  server: "stopped" | "starting" | "running" | "waiting" | "failed";
  folder: string;
  /** there are several folders to choose from */
  manyFolders: boolean;
  busy: boolean;
  mode: string;
  model: string;
  sandbox: string;
  sandboxReason: string;
  queue: QueuedPrompt[];
  can: { undo: boolean; rewind: boolean; diff: boolean; resume: boolean };
  problem?: Problem;
  /** set while there is no model: the alternatives to a key */
  noModel?: LocalServer[];
  recent: Recent[];
}

export interface Asks {
  approvals: Approval[];
  questions: Question[];
}

/** The result of undoing a turn or some of its files. */
export interface Undone {
  turnId: string;
  paths?: string[];
  /** the turnId to revert in order to redo; absent when nothing was undone */
  redo?: string;
  conflicts: { path: string; reason: string }[];
}

export type ToPanel =
  | { type: "reset"; events: readonly Event[]; cut: boolean }
  | { type: "events"; events: Event[] }
  | { type: "state"; state: PanelState }
  | { type: "asks"; asks: Asks }
  /** focuses the request with that key */
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
