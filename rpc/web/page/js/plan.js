// The model's plan, as a checklist, and the calls that the model still writes.
import { h, line, plain } from "./dom.js";

const words = { completed: "done", in_progress: "in progress", pending: "to do" };

/** A checklist that is updated in place. */
export class Plan {
  #steps = h("ol", { class: "plan-steps" });
  #count = h("span", { class: "meta" });
  node = h("section", { class: "plan", "aria-label": "Plan" }, h("header", {}, h("span", { class: "tool-name", text: "Plan" }), this.#count), this.#steps);

  /** steps are [{step, status}]. */
  set(steps = []) {
    this.node.hidden = steps.length === 0;
    this.#count.textContent = `${steps.filter(({ status }) => status === "completed").length} of ${steps.length}`;
    this.#steps.replaceChildren(
      ...steps.map(({ step, status }) => {
        const state = status in words ? status : "pending";
        return h("li", { "data-status": state }, h("span", { class: "unseen", text: `${words[state]}: ` }), h("span", { text: plain(step) }));
      }),
    );
  }
}

/** Rows for the calls that the model still writes, by the id of the call. */
export class Writing {
  #rows = new Map();
  node = h("div", { class: "writing" });

  add({ callId, tool, bytes }) {
    let row = this.#rows.get(callId);
    if (!row) {
      row = h("p", { class: "quiet" });
      this.#rows.set(callId, row);
      this.node.append(row);
    }
    row.textContent = writing(tool, bytes);
  }

  /** The reply is whole, or has broken off. */
  clear() {
    this.#rows.clear();
    this.node.replaceChildren();
  }
}

/** "writing write_file … 12 kB" */
export function writing(tool, bytes = 0) {
  const size = bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return `writing ${line(tool)} … ${size}`;
}
