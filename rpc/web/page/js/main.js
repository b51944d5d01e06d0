// The page: one connection, one session in view, and what belongs to it.
import { h, byId, line, attempt, toast } from "./dom.js";
import { Link } from "./link.js";
import { Talk } from "./talk.js";
import { Asks } from "./asks.js";
import { Tasks } from "./tasks.js";
import { Sessions } from "./sessions.js";
import { Usage } from "./usage.js";
import { Composer } from "./composer.js";
import { bindKeys, closeDrawers } from "./keys.js";

const app = {
  session: new URLSearchParams(location.hash.slice(1)).get("session"),
  methods: new Set(),
  isRunning: false,

  call: (method, params) => link.call(method, params),
  can: (method) => app.methods.has(method),

  async ensureSession() {
    if (!app.session) {
      const { sessionId, mode } = await app.call("session/new", {});
      show(sessionId);
      app.configured({ mode });
      talk.clear();
      sessions.refresh();
    }
    return app.session;
  },

  async send(prompt) {
    const sessionId = await app.ensureSession();
    talk.toEnd();
    await app.call("agent/step", { sessionId, prompt, wait: false, ifBusy: app.isRunning ? "steer" : "queue" });
    sessions.refresh();
  },

  stop: () => app.session && app.call("agent/interrupt", { sessionId: app.session }),

  async rewind(turnId) {
    const { conflicts } = await app.call("session/rewind", { sessionId: app.session, turnId, files: app.can("files/revert") });
    for (const { path, reason } of conflicts) toast(`${path}: ${reason}`, true);
  },

  /** Goes to another session. */
  async open(sessionId) {
    closeDrawers();
    if (sessionId === app.session && !byId("talk").querySelector(".welcome")) return;
    show(sessionId);
    talk.clear();
    usage.clear();
    sessions.draw();
    await resume();
    composer.focus();
  },

  newSession() {
    closeDrawers();
    show(null);
    talk.clear(welcome());
    usage.clear();
    app.running(false);
    sessions.draw();
    composer.focus();
  },

  running(is) {
    app.isRunning = is;
    composer.running(is);
    document.body.classList.toggle("running", is);
    if (!is) sessions.refresh();
  },

  used: (event) => usage.add(event),
  titled: (title) => {
    byId("title").textContent = line(title) || "Pygent";
    document.title = title ? `${line(title)} · Pygent` : "Pygent";
  },
  configured({ mode }) {
    if (mode) byId("mode").value = mode;
  },
};

function show(sessionId) {
  app.session = sessionId;
  history.replaceState(null, "", sessionId ? `#session=${sessionId}` : location.pathname);
}

function welcome() {
  return h(
    "div",
    { class: "welcome" },
    h("h2", { text: "What shall be done?" }),
    h("p", { class: "quiet", text: `Pygent reads and changes files, runs commands, and hands work to agents in the background.${app.can("files/revert") ? " What a turn has changed can be undone." : ""}` }),
  );
}

async function resume() {
  const sessionId = app.session;
  try {
    const { state } = await app.call("session/resume", { sessionId });
    app.running(state === "running");
    await talk.load(sessionId, state === "running");
    await asks.pending(sessionId);
  } catch (error) {
    if (app.session !== sessionId) return;
    app.newSession();
    throw error;
  }
}

const link = new Link({
  async opened(server) {
    const own = server.capabilities.experimental.pygent;
    app.methods = new Set(own.methods);
    byId("lost").hidden = true;
    byId("mode-field").hidden = !app.can("agent/respond");
    place(own.runtime);
    sessions.refresh(0);
    attempt(() => tasks.refresh());
    if (app.session) await attempt(resume);
    else if (!byId("talk").querySelector(".welcome")) app.newSession();
  },
  lost() {
    asks.clear();
    byId("lost").textContent = "The connection to Pygent is lost. If it was ended, start `pygent gui` again and open its new link; your sessions are kept.";
    byId("lost").hidden = false;
  },
  notified(method, params) {
    if (method === "tasks/changed") return tasks.changed(params.task);
    if (method !== "agent/event") return;
    if (params.kind === "approvalResolved") asks.resolved(params.requestKey);
    if (params.taskId) tasks.take(params);
    else if (params.sessionId === app.session) talk.take(params);
    else if (params.kind === "turnFinished" || params.kind === "turnStarted") sessions.refresh();
  },
  asked: (method, params, signal) => asks.ask(method, params, signal),
});

function place({ kind, sandbox, image, reason }) {
  const badge = byId("place");
  badge.textContent = sandbox === "none" ? "no sandbox" : kind === "docker" ? "Docker" : `sandbox: ${sandbox}`;
  badge.title = [image, reason].filter(Boolean).join(" · ") || `${kind}, ${sandbox}`;
  badge.classList.toggle("warn", sandbox === "none");
  badge.hidden = false;
}

const talk = new Talk(app);
const asks = new Asks(app);
const tasks = new Tasks(app);
const sessions = new Sessions(app);
const usage = new Usage();
const composer = new Composer(app);
bindKeys(app, asks);
byId("mode").addEventListener("change", ({ target }) =>
  attempt(async () => {
    const sessionId = await app.ensureSession();
    const { mode } = await app.call("session/configure", { sessionId, mode: target.value });
    target.value = mode;
  }),
);
addEventListener("hashchange", () => {
  const session = new URLSearchParams(location.hash.slice(1)).get("session");
  if (session && session !== app.session) attempt(() => app.open(session));
});
composer.focus();
