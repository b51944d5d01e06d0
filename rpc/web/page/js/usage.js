// The session's usage: a bar for each turn, and the sums.
import { h, svg, byId, count } from "./dom.js";

const shown = 30; // turns
const height = 56;
const width = 260;

export class Usage {
  #turns = [];

  constructor() {
    this.clear();
  }

  clear() {
    this.#turns = [];
    this.#draw();
  }

  add({ usage }) {
    if (!usage || usage.inputTokens + usage.outputTokens === 0) return;
    this.#turns.push(usage);
    this.#draw();
  }

  #draw() {
    const sum = (field) => this.#turns.reduce((total, turn) => total + (turn[field] ?? 0), 0);
    const [input, cached, out, cost] = ["inputTokens", "cachedTokens", "outputTokens", "costUsd"].map(sum);
    const head = h("h2", { id: "usage-head", text: "Usage" });
    if (this.#turns.length === 0) {
      byId("usage").replaceChildren(head, h("p", { class: "quiet", text: "Tokens of each turn appear here." }));
      return;
    }
    const n = this.#turns.length;
    const words = `${n} turn${n === 1 ? "" : "s"}: ${input} tokens in, ${cached} of them cached, ${out} tokens out`;
    byId("usage").replaceChildren(
      head,
      h("figure", { class: "plot-box" }, h("figcaption", { class: "quiet", text: `up to ${count(this.#highest())} tokens a turn` }), this.#plot(words)),
      h(
        "dl",
        { class: "sums" },
        ...[
          ["in", "In", count(input - cached)],
          ["cached", "Cached", count(cached)],
          ["out", "Out", count(out)],
        ].map(([kind, name, value]) => h("div", { class: kind }, h("dt", { text: name }), h("dd", { text: value }))),
        cost ? h("div", {}, h("dt", { text: "Cost" }), h("dd", { text: `$${cost.toFixed(cost < 1 ? 4 : 2)}` })) : null,
      ),
    );
  }

  #highest() {
    return Math.max(1, ...this.#turns.slice(-shown).map((t) => t.inputTokens + t.outputTokens));
  }

  #plot(words) {
    const turns = this.#turns.slice(-shown);
    const highest = this.#highest();
    const step = width / Math.max(8, turns.length);
    const plot = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": words });
    turns.forEach((turn, i) => {
      let y = height;
      const number = this.#turns.length - turns.length + i + 1;
      const bar = svg("g", {}, svg("title", { text: `Turn ${number}: ${count(turn.inputTokens)} in, ${count(turn.cachedTokens)} of them cached, ${count(turn.outputTokens)} out` }));
      const parts = [
        ["in", turn.inputTokens - turn.cachedTokens],
        ["cached", turn.cachedTokens],
        ["out", turn.outputTokens],
      ];
      for (const [kind, value] of parts) {
        const part = (value / highest) * (height - 2);
        y -= part;
        bar.append(svg("rect", { class: kind, x: i * step + 1, y, width: Math.max(1, step - 3), height: part }));
      }
      plot.append(bar);
    });
    return plot;
  }
}
