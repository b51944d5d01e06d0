// What waits for the user: approvals and questions, one card each. The first
// answer counts, wherever it is given; the others' cards go.
import { h, byId, plain, line, announce, attempt } from "./dom.js";
import { patch } from "./diff.js";
import { inline } from "./inline.js";

const labels = { allow: "Allow", allowForSession: "Allow for session", deny: "Deny", cancelTurn: "Stop the turn" };
const keysOf = { allow: "a", allowForSession: "s", deny: "d", cancelTurn: "x" };

const guard = 700; // milliseconds: what is typed when a card appears was not meant for it

export class Asks {
  #app;
  #place = byId("asks");
  #cards = new Map(); // by requestKey

  constructor(app) {
    this.#app = app;
  }

  /** A request of the server; the promise is its answer. */
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

  /** What an earlier server asked, or what was asked in another way: answered by a call. */
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

  /** An event tells that something was answered, perhaps elsewhere. */
  resolved(key) {
    this.#remove(key);
  }

  #show(params, make, answer) {
    this.#remove(params.requestKey);
    const card = make(params, (response) => {
      this.#remove(params.requestKey);
      answer(response);
    });
    card.asks = params;
    card.prepend(h("p", { class: "quiet whose" }));
    this.#cards.set(params.requestKey, card);
    this.#place.append(card);
    this.#place.hidden = false;
    setTimeout(() => card.classList.add("armed"), guard);
    this.named();
    this.#app.asking();
    announce(`Pygent asks: ${params.title ?? params.question}`);
    if (!byId("prompt").value) card.focus();
  }

  #remove(key) {
    const card = this.#cards.get(key);
    if (!card) return;
    const had = card.contains(document.activeElement);
    card.remove();
    this.#cards.delete(key);
    this.#place.hidden = this.#cards.size === 0;
    this.#app.asking();
    if (had) (this.#cards.values().next().value ?? byId("prompt")).focus();
  }

  /** Says whose question each is, where that is not plain; names may come later. */
  named() {
    for (const card of this.#cards.values()) {
      const { taskId, sessionId } = card.asks;
      const whose = card.querySelector(".whose");
      whose.hidden = !taskId && sessionId === this.#app.session;
      whose.textContent = line(this.#app.nameOf(taskId, sessionId));
    }
  }

  /** How many there are. */
  get waiting() {
    return this.#cards.size;
  }

  /** To the first card, by the keyboard. */
  focus() {
    this.#cards.values().next().value?.focus();
  }

  clear() {
    for (const key of [...this.#cards.keys()]) this.#remove(key);
  }
}

function approval({ title, command, changes = [], options, rule }, answer) {
  const feedback = h("input", { type: "text", placeholder: "What should it do instead? (optional)", "aria-label": "Reason for denying" });
  const decide = (decision) => answer(decision === "deny" && feedback.value ? { decision, feedback: feedback.value } : { decision });
  const buttons = options.map((option) =>
    h(
      "button",
      { class: option === "allow" ? "primary" : option === "cancelTurn" ? "danger" : null, onclick: () => decide(option) },
      labels[option] ?? option,
      h("kbd", { "aria-hidden": "true", text: keysOf[option] ?? "" }),
    ),
  );
  const card = h(
    "section",
    { class: "ask", tabindex: "-1", "aria-label": `Approval: ${line(title)}` },
    h("h2", { text: plain(title) }),
    command ? h("pre", { class: "command", tabindex: "0", text: plain(command) }) : null,
    changes.length ? h("div", { class: "ask-changes" }, ...changes.map(patch)) : null,
    rule ? h("p", { class: "quiet" }, "For the session would allow: ", h("code", { text: line(rule) })) : null,
    feedback,
    h("div", { class: "row" }, ...buttons),
  );
  card.addEventListener("keydown", (event) => {
    if (event.target === feedback) {
      if (event.key === "Enter") decide("deny");
      return;
    }
    if (!card.classList.contains("armed")) return;
    const option = options.find((o) => keysOf[o] === event.key);
    if (option && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      decide(option);
    }
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
    options.length ? h("div", { class: "row" }, ...options.map((option) => h("button", { type: "button", text: line(option), onclick: () => answer({ answer: option }) }))) : null,
    h(
      "div",
      { class: "row" },
      input,
      h("button", { type: "submit", class: "primary", text: "Answer" }),
      h("button", { type: "button", text: "Do not answer", onclick: () => answer({ cancelled: true }) }),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) answer({ answer: input.value });
  });
  return form;
}
