// The files that a turn has changed, with their diffs and the undo button.
import { h, plain, attempt, toast } from "./dom.js";
import { patches } from "./diff.js";

const signs = { added: "A", modified: "M", deleted: "D", renamed: "R" };

export class Changes {
  #app;
  #turn;
  #undo = h("button", { class: "undo", text: "Undo" });
  #note = h("span", { class: "quiet" });
  #next; // the turnId for the next revert: the turn's, or that of its last revert
  #undone = false;
  #loaded = null;

  constructor(app, { turnId, changes }) {
    this.#app = app;
    this.#turn = turnId;
    this.#next = turnId;
    const n = changes.length;
    this.#undo.addEventListener("click", () => attempt(() => this.#revert(), this.#undo));
    this.#undo.hidden = !app.can("files/revert");
    this.node = h(
      "section",
      { class: "changes", "aria-label": "Changed files" },
      h("header", {}, h("strong", { text: `${n} file${n === 1 ? "" : "s"} changed` }), this.#note, h("span", { class: "fill" }), this.#undo),
      ...changes.map((change) => this.#row(change)),
    );
  }

  /** The turnId for the next revert of these changes. */
  get next() {
    return this.#next;
  }

  #row({ path, change, from, added, removed }) {
    const name = from ? `${plain(from)} → ${plain(path)}` : plain(path);
    const summary = [
      h("span", { class: `sign ${change}`, title: change, "aria-label": change, text: signs[change] ?? "?" }),
      h("span", { class: "path", text: name }),
      h("span", { class: "plus", text: added ? `+${added}` : "" }),
      h("span", { class: "minus", text: removed ? `−${removed}` : "" }),
    ];
    if (!this.#app.can("files/diff")) return h("div", { class: "change" }, ...summary);
    const row = h("details", { class: "change" }, h("summary", {}, ...summary));
    row.addEventListener("toggle", () => row.open && this.#show(row, path), { once: true });
    return row;
  }

  async #show(row, path) {
    const wait = h("p", { class: "quiet", text: "…" });
    row.append(wait);
    try {
      const files = await this.#load();
      const found = files.find((file) => file.path === path);
      wait.replaceWith(found ? found.node : h("p", { class: "quiet", text: "There is no text to compare." }));
    } catch (error) {
      wait.textContent = error.message;
    }
  }

  #load() {
    this.#loaded ??= this.#app.call("files/diff", { sessionId: this.#app.session, turnId: this.#turn }).then(({ patch }) => patches(patch));
    this.#loaded.catch(() => (this.#loaded = null));
    return this.#loaded;
  }

  async #revert() {
    const result = await this.#app.call("files/revert", { sessionId: this.#app.session, turnId: this.#next });
    if (result.turnId) this.reverted(result.turnId);
    for (const { path, reason } of result.conflicts) toast(`${path}: ${reason}`, true);
    if (!result.turnId && result.conflicts.length === 0) toast("There was nothing to undo.");
  }

  /** Notes a revert of these changes, on this page or another. */
  reverted(id) {
    if (this.#next === id) return;
    this.#next = id;
    this.#undone = !this.#undone;
    this.#undo.textContent = this.#undone ? "Redo" : "Undo";
    this.#note.textContent = this.#undone ? "undone" : "";
    this.node.classList.toggle("undone", this.#undone);
  }
}
