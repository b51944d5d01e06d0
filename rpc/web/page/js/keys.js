// The keyboard, its help, and the drawers of narrow windows.
import { h, byId, attempt } from "./dom.js";

const keys = [
  ["Enter", "send; while a turn runs, say it to the turn"],
  ["Shift + Enter", "a new line"],
  ["↑ ↓", "what you said before"],
  ["Esc", "stop the turn, or close what is open"],
  ["Alt + N", "new session"],
  ["Alt + A", "to what waits for your answer"],
  ["A  S  D  X", "there: allow, allow for the session, deny, stop the turn"],
  ["/", "to the message"],
  ["?", "this help"],
];

export function bindKeys(app, asks) {
  const help = byId("help");
  help.append(
    h("h2", { id: "help-head", text: "Keyboard" }),
    h("dl", { class: "keys" }, ...keys.flatMap(([key, does]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: does })])),
    h("p", { class: "quiet", text: "All tabs are windows on the same server: each shows the same sessions, and the first answer counts." }),
    h("form", { method: "dialog" }, h("button", { class: "primary", text: "Close" })),
  );
  byId("open-help").addEventListener("click", () => help.showModal());
  for (const [button, drawer] of [
    ["open-sessions", "sessions"],
    ["open-side", "side"],
  ])
    byId(button).addEventListener("click", () => toggleDrawer(drawer));
  for (const close of [byId("shade"), ...document.querySelectorAll(".close")]) close.addEventListener("click", closeDrawers);

  document.addEventListener("keydown", (event) => {
    const writing = event.target.matches("input, textarea, select");
    const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
    const menu = event.target.closest(".menu[open]");
    if (event.key === "Escape" && menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (event.key === "Escape" && !help.open) {
      if (!closeDrawers() && app.isRunning) attempt(() => app.stop());
    } else if (event.altKey && event.code === "KeyN") act(event, () => app.newSession());
    else if (event.altKey && event.code === "KeyA") act(event, () => asks.focus());
    else if (!writing && bare && event.key === "/") act(event, () => byId("prompt").focus());
    else if (!writing && bare && event.key === "?") act(event, () => help.showModal());
  });
}

function act(event, action) {
  event.preventDefault();
  action();
}

const buttons = { sessions: "open-sessions", side: "open-side" };

function toggleDrawer(id) {
  const open = !byId(id).classList.contains("open");
  closeDrawers();
  if (!open) return;
  byId(id).classList.add("open");
  byId(buttons[id]).setAttribute("aria-expanded", "true");
  byId("shade").hidden = false;
  byId(id).querySelector(".close").focus();
}

/** Closes the drawers and tells whether one was open. */
export function closeDrawers() {
  let was = false;
  for (const [id, button] of Object.entries(buttons)) {
    if (!byId(id).classList.contains("open")) continue;
    was = true;
    byId(id).classList.remove("open");
    byId(button).setAttribute("aria-expanded", "false");
    byId(button).focus();
  }
  byId("shade").hidden = true;
  return was;
}
