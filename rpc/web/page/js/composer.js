// The field for the user's messages.
import { byId, attempt } from "./dom.js";

const kept = 200; // messages in the history

export class Composer {
  #app;
  #text = byId("prompt");
  #sent = []; // earlier messages, for ↑ and ↓
  #at = 0;

  constructor(app) {
    this.#app = app;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#fit());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    byId("stop").addEventListener("click", (event) => attempt(() => app.stop(), event.currentTarget));
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && (this.#text.value === "" || this.#at < this.#sent.length) && this.#at > 0) this.#recall(event, -1);
    else if (event.key === "ArrowDown" && this.#at < this.#sent.length) this.#recall(event, 1);
  }

  #recall(event, step) {
    if (this.#text.value.includes("\n")) return;
    event.preventDefault();
    this.#at += step;
    this.#text.value = this.#sent[this.#at] ?? "";
    this.#fit();
  }

  async #submit() {
    const text = this.#text.value.trim();
    if (!text) return;
    this.#text.value = "";
    this.#fit();
    this.remember(text);
    let sent = false;
    await attempt(async () => {
      await this.#app.send(text);
      sent = true;
    });
    if (!sent && !this.#text.value) {
      this.#text.value = text;
      this.#fit();
    }
  }

  /** Adds a message to the history, also one from before this page was loaded. */
  remember(text) {
    if (this.#sent.at(-1) !== text) this.#sent.push(text);
    if (this.#sent.length > kept) this.#sent.shift();
    this.#at = this.#sent.length;
  }

  /** Clears the history for another conversation. */
  forget() {
    this.#sent = [];
    this.#at = 0;
  }

  #fit() {
    this.#text.rows = Math.min(12, Math.max(1, this.#text.value.split("\n").length));
  }

  running(is) {
    byId("stop").hidden = !is;
    byId("send").textContent = is ? "Add" : "Send";
    byId("send").title = is ? "Send it to the running turn (Enter)" : "Send (Enter)";
    this.#text.placeholder = is ? "Send a message to the running turn" : "What shall be done?";
  }

  /** Focuses the message, except on touch devices, where that would open the keyboard. */
  focus() {
    if (!matchMedia("(hover: none)").matches) this.#text.focus();
  }
}
