/** The model's plan as a checklist, and the calls that the model still writes. */
import { visible } from "../escape";
import type { Event } from "../protocol";
import { h } from "./dom";

const words: Record<string, string> = { completed: "done", in_progress: "in progress", pending: "to do" };

/** Events that come when a reply is whole, or has broken off. */
const wholeReply = new Set(["message", "toolStarted", "retrying", "approvalRequested", "turnFinished"]);

/** What a turn shows of the work ahead. */
export class Ahead {
  private readonly writing = new Writing();
  private plan?: Plan;

  constructor(private readonly put: (element: HTMLElement) => void) {}

  /** Takes an event; true: nothing else shows it. A later plan changes the first one. */
  add(event: Event): boolean {
    if (wholeReply.has(event.kind)) this.writing.clear();
    if (event.kind === "toolProgress") {
      this.writing.add(event);
      this.put(this.writing.element); // below what was put meanwhile
    } else if (event.kind === "plan") {
      if (!this.plan) this.put((this.plan = new Plan()).element);
      this.plan.set(event);
    } else return false;
    return true;
  }
}

/** A checklist that is updated in place. */
class Plan {
  private readonly count = h("span", { class: "took" });
  private readonly steps = h("ol", {});
  readonly element = h(
    "section",
    { class: "plan", "aria-label": "Plan" },
    h("header", {}, h("span", {}, "Plan"), this.count),
    this.steps,
  );

  set(event: Event): void {
    const plan = event.plan ?? [];
    this.element.hidden = plan.length === 0;
    this.count.textContent = `${plan.filter(({ status }) => status === "completed").length} of ${plan.length}`;
    this.steps.replaceChildren(
      ...plan.map(({ step, status }) => {
        const state = status in words ? status : "pending";
        return h("li", { "data-status": state, title: words[state] ?? "" }, h("span", {}, visible(step)));
      }),
    );
  }
}

/** A row for each call that the model still writes. */
class Writing {
  readonly element = h("div", { class: "writing" });
  private readonly rows = new Map<string, HTMLElement>();

  add(event: Event): void {
    const id = event.callId ?? "";
    let row = this.rows.get(id);
    if (!row) {
      row = h("p", {});
      this.rows.set(id, row);
      this.element.append(row);
    }
    row.textContent = `writing ${visible(event.tool ?? "").replace(/\s+/g, " ")} … ${size(event.bytes ?? 0)}`;
  }

  /** The reply is whole, or has broken off. */
  clear(): void {
    this.rows.clear();
    this.element.replaceChildren();
  }
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
