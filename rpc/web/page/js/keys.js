// The keyboard, its help, and the drawers of narrow windows.
import { hears } from "./asks.js";
import { h, byId, attempt } from "./dom.js";

const keys = [
  ["Enter", "send the message; while a turn runs, send it to that turn"],
  ["Shift + Enter", "a new line"],
  ["↑ ↓", "your earlier messages"],
  ["Esc", "stop the turn, or close a panel"],
  ["Alt + N", "new session"],
  ["Alt + A", "go to the approval or question"],
  ["A  S  D  X", "in an approval: allow, allow for the session, deny, stop the turn; after a second without typing, while the message is empty"],
  ["Tab, Enter", "in an approval or question: choose a button and press it"],
  ["/", "go to the message"],
  ["?", "this help"],
];

export function bindKeys(app, asks) {
  const help = byId("help");
  help.append(
    h("h2", { id: "help-head", text: "Keyboard" }),
    h("dl", { class: "keys" }, ...keys.flatMap(([key, does]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text: does })])),
    h("p", { class: "quiet", text: "All tabs show the same sessions of one server. If several tabs ask the same, the first answer counts." }),
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
      // Esc may end an input method's composition or close a list. A repeated Esc stops nothing.
      if (event.isComposing || event.repeat || event.target.matches("select") || closeDrawers()) return;
      if (app.isRunning && (asks.waiting === 0 || hears(event))) attempt(() => app.stop());
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

/** Closes the drawers and returns whether one was open. */
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
