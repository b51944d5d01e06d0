// Approvals and questions for the user, one card each. The first answer counts, on any
// page; then all pages remove the card.
import { h, byId, plain, line, announce, attempt } from "./dom.js";
import { calm, guard } from "./deliberate.js";
import { patch } from "./diff.js";
import { whole } from "./whole.js";
import { inline } from "./inline.js";

const labels = { allow: "Allow", allowForSession: "Allow for session", deny: "Deny", cancelTurn: "Stop the turn" };
const keysOf = { allow: "a", allowForSession: "s", deny: "d", cancelTurn: "x" };

export class Asks {
  #app;
  #place = byId("asks");
  #cards = new Map(); // by requestKey

  constructor(app) {
    this.#app = app;
  }

  /** Shows a request of the server. The promise resolves with the answer. */
  ask(method, params, withdrawn) {
    const make = { "agent/requestApproval": approval, "agent/askUser": question }[method];
    if (!make) return Promise.reject(new Error(`unknown request ${method}`));
    return new Promise((resolve, reject) => {
      this.#show(params, make, resolve);
      withdrawn.addEventListener("abort", () => {
        this.#remove(params.requestKey);
        reject(new Error("withdrawn"));
      });
    });
  }

  /** Shows the pending requests that no message brought to this page. A call answers them. */
  async pending(sessionId) {
    if (!this.#app.can("agent/pendingRequests")) return;
    const { requests } = await this.#app.call("agent/pendingRequests", { sessionId });
    for (const { requestKey, approval: asked, question: q } of requests) {
      if (this.#cards.has(requestKey)) continue;
      this.#show(asked ?? q, asked ? approval : question, (response) =>
        attempt(() => this.#app.call("agent/respond", { requestKey, response })),
      );
    }
  }

  /** Removes the card of a request that was answered, perhaps on another page. */
  resolved(key) {
    this.#remove(key);
  }

  #show(params, make, answer) {
    this.#remove(params.requestKey);
    const card = make(params, (response) => {
      const had = card.contains(document.activeElement);
      this.#remove(params.requestKey);
      if (had) byId("prompt").focus(); // never another card, because the next key was not meant for it
      answer(response);
    });
    card.asks = params;
    card.prepend(h("p", { class: "quiet whose" }));
    this.#cards.set(params.requestKey, card);
    this.#place.append(card);
    this.#place.hidden = false;
    guard(card, { scrolled: this.#place, look: (armed) => hint(card, armed) });
    this.named();
    this.#app.asking();
    announce(`Pygent asks: ${params.title ?? params.question}`);
  }

  #remove(key) {
    const card = this.#cards.get(key);
    if (!card) return;
    card.remove();
    this.#cards.delete(key);
    this.#place.hidden = this.#cards.size === 0;
    this.#app.asking();
  }

  /** Names the task or session of each card that is not this session's. Called again when names arrive. */
  named() {
    for (const card of this.#cards.values()) {
      const { taskId, sessionId } = card.asks;
      const whose = card.querySelector(".whose");
      whose.hidden = !taskId && sessionId === this.#app.session;
      whose.textContent = line(this.#app.nameOf(taskId, sessionId));
    }
  }

  /** The number of cards. */
  get waiting() {
    return this.#cards.size;
  }

  /** Focuses the first card. */
  focus() {
    this.#cards.values().next().value?.focus();
  }

  clear() {
    for (const key of [...this.#cards.keys()]) this.#remove(key);
  }
}

/** Whether all text fields are empty, so that a letter key is not part of a text. */
const isEmpty = () => ![byId("prompt"), ...byId("asks").querySelectorAll("input")].some((input) => input.value);

/** Whether a key of the whole page may answer a card now. */
export const hears = (event) => calm(event) && isEmpty();

/** Shows how to answer. The line is always there, so that the card does not move. */
function hint(card, armed) {
  const here = card.contains(document.activeElement);
  const hearing = armed && here && !document.activeElement.matches("input") && calm() && isEmpty();
  card.classList.toggle("hearing", hearing);
  const text = !armed
    ? "One moment: this has just appeared, or moved."
    : hearing && card.matches(".approval")
      ? "The letters answer now."
      : here && card.matches(".approval")
        ? "Letters answer after a second without typing, while the message is empty."
        : here
          ? "Tab and Enter answer."
          : card.matches(".approval")
            ? "Press Alt + A, then a letter, or Tab and Enter."
            : "Press Alt + A, then Tab and Enter.";
  const place = card.querySelector(".hint");
  if (place.textContent !== text) place.textContent = place.title = text;
}

/** Whether a key types a character outside a text field. Space, / and ? have other meanings there. */
const isLetter = (event) =>
  !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && event.key.length === 1 && !" /?".includes(event.key) && !event.target.matches("input");

/** Appends a key that answers nothing to the message. */
function goesOn(event) {
  event.preventDefault();
  const prompt = byId("prompt");
  prompt.value += event.key;
  prompt.dispatchEvent(new Event("input"));
}

function approval({ title, command, changes = [], options, rule }, answer) {
  const feedback = h("input", { type: "text", placeholder: "What should it do instead? (optional)", "aria-label": "Reason for denying" });
  const decide = (decision) => answer(decision === "deny" && feedback.value ? { decision, feedback: feedback.value } : { decision });
  const buttons = options.map((option) =>
    h(
      "button",
      { "data-decides": "", class: option === "allow" ? "primary" : option === "cancelTurn" ? "danger" : null, onclick: () => decide(option) },
      labels[option] ?? option,
      h("kbd", { "aria-hidden": "true", text: keysOf[option] ?? "" }),
    ),
  );
  const card = h(
    "section",
    { class: "ask approval", tabindex: "-1", "aria-label": `Approval: ${line(title)}` },
    h("h2", { text: plain(title) }),
    command ? whole(h("pre", { class: "command", tabindex: "0", text: plain(command) })) : null,
    changes.length ? h("div", { class: "ask-changes" }, ...changes.map(patch)) : null,
    rule ? h("p", { class: "quiet" }, "For this session it would allow: ", h("code", { text: line(rule) })) : null,
    feedback,
    h("div", { class: "row" }, ...buttons),
    h("p", { class: "quiet hint" }),
  );
  for (const box of card.querySelectorAll(".patch")) box.replaceWith(...whole(box));
  card.addEventListener("keydown", (event) => {
    if (event.target === feedback && event.key === "Enter") decide("deny");
    if (!isLetter(event)) return;
    const option = options.find((o) => keysOf[o] === event.key);
    if (!option || !card.classList.contains("armed") || event.repeat || !calm(event) || !isEmpty()) return goesOn(event);
    event.preventDefault();
    decide(option);
  });
  return card;
}

function question({ question: text, options = [] }, answer) {
  const input = h("input", { type: "text", placeholder: "Your answer", "aria-label": "Your answer" });
  const words = h("h2");
  inline(words, text);
  const form = h(
    "form",
    { class: "ask", tabindex: "-1", "aria-label": `Question: ${line(text)}` },
    words,
    options.length ? h("div", { class: "row" }, ...options.map((option) => h("button", { type: "button", "data-decides": "", text: line(option), onclick: () => answer({ answer: option }) }))) : null,
    h(
      "div",
      { class: "row" },
      input,
      h("button", { type: "submit", "data-decides": "", class: "primary", text: "Answer" }),
      h("button", { type: "button", "data-decides": "", text: "Do not answer", onclick: () => answer({ cancelled: true }) }),
    ),
    h("p", { class: "quiet hint" }),
  );
  form.addEventListener("keydown", (event) => isLetter(event) && goesOn(event));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) answer({ answer: input.value });
  });
  return form;
}
