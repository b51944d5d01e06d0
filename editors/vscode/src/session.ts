/**
 * The session of a conversation: a new one, the last one, or a chosen one. A session
 * that another server has open can still be read.
 */
import type * as vscode from "vscode";
import { ResponseError } from "vscode-jsonrpc/node";
import { errorCodes, type Event, type ResumeResult, type SessionBrief } from "./protocol";
import type { Server } from "./server";
import type { Mode } from "./settings";

export interface SessionEvents {
  event(event: Event): void;
  /** Another session is shown now. */
  cleared(): void;
  /** An earlier session was resumed in this server, with its tasks and pending requests. */
  opened(sessionId: string): void;
  left(sessionId: string): void;
  /** The mode in which the resumed session was made. */
  mode(mode: string): void;
}

export class Session {
  /** of the shown session; undefined before its first turn */
  id?: string;
  private isOpen = false;
  private interrupted = false;
  /** the session that was last left: the end of its turn may still arrive */
  private gone?: string;
  private reopening?: Promise<ResumeResult>;
  private making?: Promise<void>;

  constructor(
    private readonly server: Server,
    private readonly memory: vscode.Memento,
    private readonly out: SessionEvents,
  ) {}

  /** The session if the server has it open. */
  get openId(): string | undefined {
    return this.isOpen ? this.id : undefined;
  }

  get wasLost(): boolean {
    return this.interrupted;
  }

  /** Opens the session for a turn; undefined: the server makes its own session with the turn. */
  async open(options: { mode: Mode; model: string }): Promise<string | undefined> {
    if (this.isOpen) return this.id;
    if (this.id) {
      await this.reopen(this.id);
    } else if (this.server.has("session/new")) {
      await (this.making ??= this.make(options).finally(() => (this.making = undefined)));
    }
    return this.id;
  }

  /** Makes a session, once for several callers. */
  private async make({ mode, model }: { mode: Mode; model: string }): Promise<void> {
    const { sessionId } = await this.server.request("session/new", { mode, ...(model && { model }) });
    this.adopt(sessionId);
  }

  /** Takes over a session that the server has made. */
  adopt(id: string): void {
    if ((this.id === id && this.isOpen) || id === this.gone) return;
    this.id = id;
    this.isOpen = true;
    void this.memory.update(this.memoryKey(), id);
  }

  /** Leaves the session. The next turn starts a new one. */
  async begin(): Promise<void> {
    const old = this.openId;
    this.gone = old;
    this.id = undefined;
    this.isOpen = false;
    this.interrupted = false;
    await this.memory.update(this.memoryKey(), undefined);
    this.out.cleared();
    if (old) this.out.left(old);
    if (old && this.server.has("session/close")) await this.server.request("session/close", { sessionId: old });
    else if (old) await this.server.restart(); // the server has one session per connection
  }

  /** Shows another session and resumes it. If only resuming fails, the session is shown and load fails. */
  async load(sessionId: string): Promise<void> {
    const old = this.openId;
    if (old && old !== sessionId) {
      this.out.left(old);
      if (this.server.has("session/close")) await this.server.request("session/close", { sessionId: old });
    }
    this.isOpen = old === sessionId;
    this.id = sessionId;
    this.gone = old === sessionId ? undefined : old;
    this.out.cleared();
    await this.fill(0);
    await this.memory.update(this.memoryKey(), sessionId);
    if (this.isOpen || !this.server.has("session/resume")) return;
    const { mode } = await this.reopen(sessionId);
    this.out.mode(mode);
  }

  /** Shows the session that was last open, if there is one. */
  async restore(): Promise<void> {
    const last = this.memory.get<string>(this.memoryKey());
    if (this.id || !last || !this.server.has("session/events")) return;
    try {
      await this.load(last);
    } catch (error) {
      if (!(error instanceof ResponseError && error.code === errorCodes.sessionNotFound)) throw error;
      await this.memory.update(this.memoryKey(), undefined); // deleted meanwhile
      this.id = undefined;
      this.out.cleared();
    }
  }

  /** The server has ended. */
  lost(): void {
    this.interrupted ||= this.isOpen;
    this.isOpen = false;
  }

  /** Resumes the session, which is shown up to afterSeq, in a new server; false: that server cannot. */
  async recover(afterSeq: number): Promise<boolean> {
    this.interrupted = false;
    const sessionId = this.id;
    if (!sessionId) return true;
    if (!this.server.has("session/resume")) {
      this.id = undefined;
      return false;
    }
    await this.reopen(sessionId);
    await this.fill(afterSeq);
    return true;
  }

  async list(limit: number): Promise<SessionBrief[]> {
    if (!this.server.has("session/list")) return [];
    const root = this.server.folder?.uri.toString();
    const { sessions } = await this.server.request("session/list", { limit, ...(root && { root }) });
    return sessions;
  }

  /** Resumes the session, once for several callers. */
  private reopen(sessionId: string): Promise<ResumeResult> {
    this.reopening ??= this.server
      .request("session/resume", { sessionId })
      .then((result) => {
        this.isOpen = true;
        this.out.opened(sessionId);
        return result;
      })
      .finally(() => (this.reopening = undefined));
    return this.reopening;
  }

  private async fill(after: number): Promise<void> {
    const sessionId = this.id ?? "";
    let afterSeq = after;
    for (;;) {
      const page = await this.server.request("session/events", { sessionId, afterSeq });
      if (this.id !== sessionId) return; // another session was chosen meanwhile
      for (const event of page.events) this.out.event(event);
      afterSeq = page.events.at(-1)?.seq ?? page.lastSeq;
      if (!page.more || page.events.length === 0) return;
    }
  }

  private memoryKey(): string {
    return `session:${this.server.folder?.uri.toString() ?? ""}`;
  }
}
