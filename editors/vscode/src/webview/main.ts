/** The panel's page: connects its parts and gives each the extension's messages. */
import type { PanelState, ToPanel } from "../messages";
import { AskCards } from "./asks";
import { Composer } from "./composer";
import { Conversation } from "./conversation";
import { calm } from "./deliberate";
import { h } from "./dom";
import { send } from "./host";
import "./style/all.css";
import { ProblemCard, Welcome } from "./welcome";

const spoken = h("div", { class: "spoken", role: "status", "aria-live": "polite" });
const say = (text: string): void => void (spoken.textContent = text);
const welcome = new Welcome((text) => composer.compose(text, []));
const problem = new ProblemCard();
const conversation = new Conversation(say, welcome.element);
const asks = new AskCards(say);
const composer: Composer = new Composer(
  () => conversation.follow(),
  (written) => asks.isEmpty || (calm() && written === ""), // stopping also cancels pending requests
);
const working = h(
  "div",
  { class: "working", hidden: true },
  h("span", { class: "spinner" }),
  h("span", {}, "Working…"),
);
const waitsForServer: Record<string, string | undefined> = {
  starting: "Starting the server…",
  stopped: "Starting the server…",
  failed: "Starting the server…",
  waiting: "The server ended and is started again after a pause: your message waits for it.",
};
let state: PanelState | undefined;

function show(): void {
  if (!state) return;
  working.hidden = !state.busy;
  working.classList.toggle("waits", asks.waits);
  working.lastElementChild?.replaceChildren(
    waitsForServer[state.server] ?? (asks.waits ? "Waiting for you" : "Working…"),
  );
  welcome.set(state, conversation.empty && !state.busy);
  problem.set(state.problem);
  composer.setUsage(conversation.usage);
}

function receive(message: ToPanel): void {
  switch (message.type) {
    case "reset":
      conversation.reset(message.events, message.cut);
      return show();
    case "events":
      for (const event of message.events) conversation.add(event);
      return show();
    case "state":
      if (message.state.busy && !state?.busy) say("Pygent is working.");
      state = message.state;
      conversation.allow(state.can);
      composer.set(state);
      return show();
    case "asks":
      asks.set(message.asks);
      return show();
    case "showAsk":
      return asks.show(message.key);
    case "undone":
      return conversation.undone(message.undone);
    case "compose":
      return composer.compose(message.text, message.attachments);
    case "files":
      return composer.completion.show(message.query, message.paths);
  }
}

conversation.element.append(working);
document.body.append(conversation.element, problem.element, asks.element, composer.element, spoken);
addEventListener("message", (event: MessageEvent<ToPanel>) => receive(event.data));
// The extension opens links, because it asks the user first.
document.addEventListener(
  "click",
  (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    send({ type: "link", href: link.getAttribute("href") ?? "" });
  },
  true,
);
addEventListener("focus", () => {
  if (document.activeElement === document.body) composer.focus();
});
send({ type: "ready" });
