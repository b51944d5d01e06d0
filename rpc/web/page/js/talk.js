// The conversation of one session: each event is applied to its turn once, in the order of
// seq. The view follows the end while the user is there.
import { h, byId, announce } from "./dom.js";
import { Turn } from "./turn.js";

const near = 60; // pixels from the end that count as the end
const page = 500; // events per read

export class Talk {
  #app;
  #turns = new Map();
  #seq = 0;
  #stick = true;
  #top = 0; // the last scroll position: only scrolling up leaves the end
  #place = byId("talk");
  #list = h("div", { class: "turns" });
  #waiting = null; // new events that wait until the older ones are read
  #past = 0; // seq of the last event that belongs to no running turn

  constructor(app) {
    this.#app = app;
    this.#place.append(this.#list);
    this.#place.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(this.#list);
    new ResizeObserver(() => this.#follow()).observe(this.#place);
    byId("latest").addEventListener("click", () => this.toEnd());
  }

  clear(welcome = null) {
    this.#turns.clear();
    this.#seq = 0;
    this.#stick = true;
    this.#waiting = null;
    this.#list.replaceChildren(...(welcome ? [welcome] : []));
  }

  /** Queues new events until load has read the older ones. */
  hold() {
    this.#waiting ??= [];
  }

  /** Reads the events that this page lacks. state and lastSeq come from session/resume. */
  async load(sessionId, { state, lastSeq }) {
    this.#past = state === "running" ? 0 : lastSeq;
    this.hold();
    const late = this.#waiting;
    try {
      for (let more = true; more; ) {
        const got = await this.#app.call("session/events", { sessionId, afterSeq: this.#seq, limit: page });
        if (this.#app.session !== sessionId) return;
        for (const event of got.events) this.#apply(event);
        more = got.more;
      }
    } finally {
      if (this.#waiting === late) { // else a later load has replaced this one
        this.#waiting = null;
        for (const event of late) this.#apply(event);
      }
    }
    for (const turn of this.#turns.values()) if (!turn.live) turn.interrupted();
    this.#app.running(this.#running());
  }

  /** Takes a new event of this session. */
  take(event) {
    if (this.#waiting) this.#waiting.push(event);
    else this.#apply(event);
  }

  #apply(event) {
    if (event.seq) {
      if (event.seq <= this.#seq) return;
      this.#seq = event.seq;
    }
    switch (event.kind) {
      case "rewound":
        return this.#rewound(event);
      case "reverted":
        return this.#reverted(event);
      case "configured":
        return this.#app.configured(event);
      case "usage":
      case "fileChanged":
      case "approvalRequested":
        return;
    }
    if (!event.turnId) return;
    let turn = this.#turns.get(event.turnId);
    if (!turn) {
      if (!["turnStarted", "textDelta", "toolStarted", "message", "notice"].includes(event.kind)) return;
      const last = [...this.#turns.values()].at(-1);
      last?.interrupted(); // one turn runs at a time
      turn = new Turn(this.#app, event.turnId, { live: !(event.seq <= this.#past), earlier: event.requestKey ? last : null });
      if (this.#turns.size === 0) this.#list.replaceChildren();
      this.#turns.set(event.turnId, turn);
      this.#list.append(turn.node);
    }
    turn.apply(event);
    if (event.kind === "turnStarted") this.#app.running(true);
    if (event.kind === "turnFinished") this.#finished(event);
  }

  #finished(event) {
    this.#app.running(this.#running());
    this.#app.used(event);
    announce({ completed: "Pygent is done.", waiting: "Pygent asks you something." }[event.status] ?? `The turn ended: ${event.status}.`);
  }

  #running() {
    return [...this.#turns.values()].some((turn) => turn.live);
  }

  #rewound({ turnId, toTurnId }) {
    const all = [...this.#turns.values()];
    const at = all.findIndex((turn) => turn.id === toTurnId || turn.rewound === toTurnId);
    if (at < 0) return;
    const undo = all[at].rewound === toTurnId;
    for (const turn of undo ? all.filter((t) => t.rewound === toTurnId) : all.slice(at).filter((t) => !t.rewound)) {
      turn.rewound = undo ? null : turnId;
      turn.node.classList.toggle("rewound", !undo);
    }
    if (!undo) {
      const again = h("button", { class: "link", text: "Bring it back" });
      again.addEventListener("click", () => this.#app.rewind(turnId));
      const note = h("p", { class: "notice info rewind-note" }, "You went back to before this. ", again);
      all[at].node.before(note);
      all[at].note = note;
    } else {
      all[at].note?.remove();
    }
  }

  #reverted({ turnId, toTurnId }) {
    for (const turn of this.#turns.values()) if (turn.changes?.next === toTurnId) turn.changes.reverted(turnId);
  }

  toEnd() {
    this.#stick = true;
    this.#follow();
  }

  #follow() {
    if (this.#stick) this.#place.scrollTop = this.#place.scrollHeight;
    this.#scrolled(true);
  }

  #scrolled(grown = false) {
    const { scrollHeight, scrollTop, clientHeight } = this.#place;
    const there = scrollHeight - scrollTop - clientHeight < near;
    if (!grown && there) this.#stick = true;
    else if (!grown && scrollTop < this.#top) this.#stick = false;
    this.#top = scrollTop;
    byId("latest").hidden = there || this.#stick;
  }
}
