// The calls of every tool, several side by side, with the plan and the approvals: the events
// of ../../testdata/clients.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { picture, step } from "./browser.mjs";

const read = (name) => readFileSync(new URL(`../../testdata/clients/${name}.jsonl`, import.meta.url), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const events = read("calls");
const started = events.filter(({ kind }) => kind === "toolStarted");

export async function calls(tab) {
  const { page } = tab;

  /** Puts a turn with the events onto the page. */
  const show = (list) =>
    page.evaluate(async (list) => {
      const { Turn } = await import("/js/turn.js");
      window.fixture ??= new Turn({ said() {}, can: () => false }, "t", { live: true });
      if (!window.fixture.node.isConnected) document.querySelector(".turns").append(window.fixture.node);
      for (const event of list) window.fixture.apply(event);
      window.fixture.node.scrollIntoView({ block: "end" });
    }, list);
  const turn = page.locator(".turn").last();
  const texts = (selector) => turn.locator(selector).evaluateAll((all) => all.map((node) => node.textContent));
  const at = (found) => events.findIndex(found);

  await step(tab, "a long call shows how far it is", async () => {
    const from = at(({ bytes }) => bytes === 12345) + 1;
    await show(events.slice(0, from));
    assert.deepEqual(await texts(".writing p"), ["writing edit_file … 4 kB", "writing write_file … 12 kB"]);
    assert.equal(await turn.locator(".tool.running").count(), 0);
    assert.deepEqual(await turn.locator(".plan li").evaluateAll((all) => all.map((li) => li.dataset.status)), ["in_progress", "pending", "pending"]);
    await picture(page, "plan");
    await show(events.slice(from));
    assert.deepEqual(await texts(".writing p"), []);
  });

  await step(tab, "every tool has its title and its own output", async () => {
    const rows = await turn.locator(".tool").evaluateAll((all) => all.map((row) => [row.className.replace("tool ", ""), row.querySelector(".tool-name").textContent, row.querySelector(".short").textContent, row.querySelector(".output").textContent.split("\n")[0]]));
    assert.deepEqual(
      rows,
      started.map(({ callId, title, detail = "" }) => [["c-bash", "c-hello"].includes(callId) ? "failed" : "done", title, detail.trim(), `output of ${callId}`]),
    );
    const file = turn.locator(".tool", { hasText: "output of c-read" }).locator(".output");
    assert.match(await file.evaluate((node) => node.textContent), /^    10\t\tindented$/m);
    assert.deepEqual(await texts(".attached"), ["attached: shot.png"]);
  });

  await step(tab, "the plan is changed in place", async () => {
    assert.equal(await turn.locator(".plan").count(), 1);
    assert.deepEqual(await texts(".plan li"), ["done: look around", "done: change the parser", "in progress: run the tests"]);
    await picture(page, "calls");
    await page.evaluate(() => window.fixture.node.remove());
  });

  await step(tab, "every tool that asks shows what it would do", async () => {
    for (const ask of read("approvals")) {
      const shown = await page.evaluate(async (ask) => {
        const { Asks } = await import("/js/asks.js");
        const withdrawal = new AbortController();
        const asked = new Asks({ asking() {}, nameOf: () => "", session: "s" }).ask("agent/requestApproval", ask, withdrawal.signal);
        const text = document.querySelector("#asks .ask:last-child").textContent;
        withdrawal.abort();
        await asked.catch(() => {});
        return text;
      }, ask);
      const lines = (ask.changes ?? []).flatMap(({ path, patch }) => [path, ...patch.split("\n").filter((l) => /^[-+](?![-+])/.test(l)).map((l) => l.slice(1))]);
      for (const part of [ask.title, (ask.command ?? "").trim(), ...lines]) assert.ok(shown.includes(part), `${ask.requestKey}: no ${part} in ${shown}`);
    }
  });
}
