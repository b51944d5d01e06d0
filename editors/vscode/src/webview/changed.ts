/** The files that a turn has changed: their counts, their diffs, and the undo buttons. */
import { visible } from "../escape";
import type { PanelState, Undone } from "../messages";
import type { Change } from "../protocol";
import { button, h, iconButton } from "./dom";
import { send } from "./host";

const letters: Record<string, string> = { added: "A", modified: "M", deleted: "D", renamed: "R" };

export class Changed {
  readonly element = h("section", { class: "changed", "aria-label": "Changed files" });
  private readonly undone = new Map<string, string>(); // by path, or "" for all: the turnId for the redo
  private note = "";

  constructor(
    private readonly turnId: string,
    private readonly changes: Change[],
    private can: PanelState["can"],
  ) {
    this.draw();
  }

  allow(can: PanelState["can"]): void {
    if (can.diff === this.can.diff && can.undo === this.can.undo) return;
    this.can = can;
    this.draw();
  }

  /** Takes the result of an undo, if it is this turn's. */
  take(undone: Undone): void {
    const back = [...this.undone].find(([, record]) => record === undone.turnId);
    if (!back && undone.turnId !== this.turnId) return;
    if (undone.redo && back) this.undone.delete(back[0]);
    else if (undone.redo) for (const path of this.whole(undone.paths) ?? [""]) this.undone.set(path, undone.redo);
    this.note = undone.conflicts.map(({ path, reason }) => `${visible(path)}: ${reason}`).join("\n");
    this.draw();
  }

  /** paths, or undefined when they are all files that the turn has changed. */
  private whole(paths: string[] | undefined): string[] | undefined {
    const all = this.changes.every(({ path, from }) => paths?.includes(path) || (from && paths?.includes(from)));
    return all ? undefined : paths;
  }

  private draw(): void {
    const added = this.changes.reduce((sum, change) => sum + change.added, 0);
    const removed = this.changes.reduce((sum, change) => sum + change.removed, 0);
    const all = this.undone.get("");
    const count = `${this.changes.length} file${this.changes.length === 1 ? "" : "s"} ${all ? "put back" : "changed"}`;
    const undo = this.can.undo && this.undoButton("", all, "Undo", "Redo");
    this.element.classList.toggle("undone", all !== undefined);
    this.element.replaceChildren(
      h("header", {}, h("span", {}, count), counts(added, removed), h("span", { class: "space" }), undo),
      h("ul", {}, ...this.changes.map((change) => this.row(change, all !== undefined))),
      ...(this.note ? [h("p", { class: "note" }, this.note)] : []),
    );
  }

  private row(change: Change, allUndone: boolean): HTMLElement {
    const { path } = change;
    const name = visible(change.from ? `${change.from} → ${path}` : path);
    const slash = name.lastIndexOf("/") + 1;
    const open = (): void => send(this.can.diff ? { type: "diff", turnId: this.turnId, path } : { type: "open", path });
    const record = this.undone.get(path);
    return h(
      "li",
      { class: record ? "undone" : "" },
      h("span", { class: `letter ${change.change}`, title: change.change }, letters[change.change] ?? "?"),
      h(
        "button",
        {
          type: "button",
          class: "path",
          title: `${this.can.diff ? "Open the diff of" : "Open"} ${name}`,
          onclick: open,
        },
        h("bdi", { class: "dir" }, name.slice(0, slash)),
        h("bdi", {}, name.slice(slash)),
      ),
      counts(change.added, change.removed),
      this.can.undo && !allUndone && this.changes.length > 1 && this.undoIcon(path, record),
    );
  }

  private undoButton(path: string, record: string | undefined, undo: string, redo: string): HTMLElement {
    return button(record ? redo : undo, () => this.revert(path, record), {
      class: "link",
      title: record ? "Take the undoing back" : "Put the files back to what they were before this turn",
    });
  }

  private undoIcon(path: string, record: string | undefined): HTMLElement {
    const label = `${record ? "Take back the undoing of" : "Undo"} ${visible(path)}`;
    return iconButton(record ? "back" : "undo", label, () => this.revert(path, record));
  }

  private revert(path: string, record: string | undefined): void {
    send({ type: "undo", turnId: record ?? this.turnId, ...(path && !record && { paths: [path] }) });
  }
}

export function counts(added: number, removed: number): HTMLElement {
  return h(
    "span",
    { class: "counts", "aria-label": `${added} added, ${removed} removed` },
    h("span", { class: "plus" }, `+${added}`),
    h("span", { class: "minus" }, `−${removed}`),
  );
}
