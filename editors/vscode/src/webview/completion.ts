/** The list of files that appears after an @ in the input. */
import { h } from "./dom";
import { send } from "./host";

export class Completion {
  readonly element = h("ul", {
    class: "completion",
    role: "listbox",
    id: "completion",
    "aria-label": "Files",
    hidden: true,
  });
  private query?: string;
  private paths: string[] = [];
  private at = 0;

  /** choose is called with the chosen path, and the length of the text that it replaces, including the @. */
  constructor(
    private readonly input: HTMLTextAreaElement,
    private readonly choose: (path: string, replaced: number) => void,
  ) {
    input.setAttribute("aria-controls", "completion");
    input.setAttribute("aria-autocomplete", "list");
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Updates the list after a change of the text or the cursor. */
  update(): void {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const query = /(?:^|\s)@([^\s@]{0,100})$/.exec(before)?.[1];
    if (query === this.query) return;
    this.query = query;
    if (query === undefined) this.close();
    else send({ type: "files", query });
  }

  show(query: string, paths: string[]): void {
    if (query !== this.query) return; // the answer to an earlier query
    this.paths = paths;
    this.at = 0;
    this.element.hidden = paths.length === 0;
    this.draw();
  }

  /** Handles a key; true: the list has used it. */
  key(event: KeyboardEvent): boolean {
    if (!this.isOpen) return false;
    const count = this.paths.length;
    if (event.key === "ArrowDown") this.at = (this.at + 1) % count;
    else if (event.key === "ArrowUp") this.at = (this.at + count - 1) % count;
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.at);
    else return false;
    this.draw();
    return true;
  }

  close(): void {
    this.element.hidden = true;
    this.paths = [];
    this.input.removeAttribute("aria-activedescendant");
  }

  private take(index: number): void {
    const path = this.paths[index];
    const replaced = (this.query ?? "").length + 1;
    this.query = undefined;
    this.close();
    if (path !== undefined) this.choose(path, replaced);
  }

  private draw(): void {
    if (!this.isOpen) return;
    this.element.replaceChildren(
      ...this.paths.map((path, i) => {
        const slash = path.lastIndexOf("/") + 1;
        const row = h(
          "li",
          { role: "option", id: `file-${i}`, "aria-selected": String(i === this.at), title: path },
          h("bdi", {}, path.slice(slash)),
          h("bdi", { class: "dir" }, path.slice(0, slash)),
        );
        row.addEventListener("mousedown", (event) => {
          event.preventDefault(); // the input keeps the focus
          this.take(i);
        });
        return row;
      }),
    );
    this.input.setAttribute("aria-activedescendant", `file-${this.at}`);
    this.element.children[this.at]?.scrollIntoView({ block: "nearest" });
  }
}
