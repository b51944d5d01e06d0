// The page: one connection and one visible session with its tasks, questions and usage.
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
  noModel: "", // why no turn can start, and which setting is missing
  mode: "", // default mode of new sessions
  wish: undefined, // the user's choice of mode before the session exists
  isRunning: false,

  call: (method, params) => link.call(method, params),
  can: (method) => app.methods.has(method),

  async ensureSession() {
    if (app.noModel) throw new Error(app.noModel);
    if (!app.session) {
      const { sessionId, mode } = await app.call("session/new", { mode: app.wish });
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

  /** Shows another session. */
  async open(sessionId) {
    closeDrawers();
    if (sessionId === app.session && !byId("talk").querySelector(".welcome")) return;
    show(sessionId);
    talk.clear();
    talk.hold();
    composer.forget();
    usage.clear();
    sessions.draw();
    await resume();
    composer.focus();
  },

  newSession() {
    closeDrawers();
    show(null);
    talk.clear(welcome());
    composer.forget();
    usage.clear();
    app.wish = undefined;
    app.configured({ mode: app.mode });
    app.running(false);
    sessions.draw();
    composer.focus();
  },

  running(is) {
    app.isRunning = is;
    composer.running(is);
    retitle();
    if (!is) sessions.refresh();
  },
  asking: () => retitle(),
  said: (text) => composer.remember(text),
  nameOf: (taskId, sessionId) => (taskId ? `Task: ${tasks.name(taskId)}` : `Session: ${sessions.title(sessionId) || sessionId}`),

  used: (event) => usage.add(event),
  named(title) {
    byId("title").textContent = line(title) || "Pygent";
    retitle();
    asks.named();
  },
  configured({ mode }) {
    if (mode) byId("mode").value = mode;
  },
};

/** Shows the state in the tab's title. */
function retitle() {
  const title = byId("title").textContent;
  const state = asks.waiting ? "(?) " : app.isRunning ? "● " : "";
  document.title = `${state}${title}${title === "Pygent" ? "" : " · Pygent"}`;
}

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
    const resumed = await app.call("session/resume", { sessionId });
    if (app.session !== sessionId) return;
    app.configured(resumed);
    app.running(resumed.state === "running");
    await talk.load(sessionId, resumed);
    if (app.session !== sessionId) return;
    await tasks.refresh(); // resuming a session of an earlier server adds its tasks
    await asks.pending(sessionId);
  } catch (error) {
    if (app.session !== sessionId || link.isLost) return; // the next connection resumes it
    app.newSession();
    throw error;
  }
}

const link = new Link({
  async opened(server) {
    if (app.session) talk.hold();
    const own = server.capabilities.experimental.pygent;
    app.methods = new Set(own.methods);
    app.mode = own.mode;
    byId("lost").hidden = true;
    app.noModel = sentence(own.noModel);
    byId("no-model").hidden = !app.noModel;
    byId("no-model").textContent = `${app.noModel} Start \`pygent gui\` again afterwards.`;
    byId("mode-field").hidden = !app.can("agent/respond");
    if (!app.session) app.configured({ mode: app.wish ?? app.mode });
    place(own.runtime);
    sessions.refresh(0);
    attempt(() => tasks.refresh().then(() => asks.named()));
    if (app.session) await attempt(resume);
    else if (!byId("talk").querySelector(".welcome")) app.newSession();
  },
  lost() {
    asks.clear();
    tasks.lost();
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

const sentence = (text) => (text ? `${text[0].toUpperCase()}${line(text).slice(1)}.` : "");

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
    if (!app.session) return void (app.wish = target.value);
    const { mode } = await app.call("session/configure", { sessionId: app.session, mode: target.value });
    target.value = mode;
  }),
);
addEventListener("hashchange", () => {
  const session = new URLSearchParams(location.hash.slice(1)).get("session");
  if (session && session !== app.session) attempt(() => app.open(session));
});
composer.focus();
