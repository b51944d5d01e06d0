// The panel's page alone: calls of every tool, several side by side, the plan and the
// approvals, from the events that every client's tests read.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { picture, startBrowser } from "../lib/browser.mjs";
import { openPage, state } from "../lib/page.mjs";

const read = (name) =>
  readFileSync(new URL(`../../../../rpc/testdata/clients/${name}.jsonl`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const events = read("calls");

describe("calls", { concurrency: false }, () => {
  let browser, panel;
  const texts = (selector) =>
    panel.page.locator(selector).evaluateAll((all) => all.map((element) => element.textContent));
  const statuses = () => panel.page.locator(".plan li").evaluateAll((all) => all.map((li) => li.dataset.status));
  const half = events.findIndex(({ bytes }) => bytes === 12345) + 1;

  before(async () => {
    browser = await startBrowser();
    panel = await openPage(browser);
  });
  after(async () => {
    await panel?.close();
    await browser?.close();
  });

  test("a long call shows how far it is, and the plan what comes", async () => {
    const { page, post } = panel;
    await post({ type: "state", state: { ...state, busy: true } }, { type: "events", events: events.slice(0, half) });
    await page.locator(".writing p").nth(1).waitFor();
    assert.deepEqual(await texts(".writing p"), ["writing edit_file … 4 kB", "writing write_file … 12 kB"]);
    assert.equal(await page.locator(".tool.running").count(), 0, "calls that end out of order have ended");
    assert.deepEqual(await statuses(), ["in_progress", "pending", "pending"]);
    await picture(page, "plan");
  });

  test("every tool has its title and its own output", async () => {
    const { page, post } = panel;
    await post({ type: "events", events: events.slice(half) });
    await page.locator(".changed").waitFor();
    assert.deepEqual(await texts(".writing p"), []);
    const rows = await page.locator(".tool").evaluateAll((all) =>
      all.map((row) => [
        row.classList.contains("failed"),
        row.querySelector(".verb").textContent,
        row.querySelector("summary code").textContent,
        row
          .querySelector(".output")
          .textContent.split("\n")
          .find((line) => !line.startsWith("$ ")),
      ]),
    );
    const started = events.filter(({ kind }) => kind === "toolStarted");
    assert.deepEqual(
      rows,
      started.map(({ callId, title, detail = "" }) => [
        ["c-bash", "c-hello"].includes(callId),
        title,
        detail.replace(/\s*\n\s*/g, " ⏎ "),
        `output of ${callId}`,
      ]),
    );
    assert.match((await texts(".tool .output"))[1], /^    10\t\tindented$/m);
    assert.deepEqual(await texts(".said .tag"), ["shot.png"]);
  });

  test("the plan is changed in place", async () => {
    assert.equal(await panel.page.locator(".plan").count(), 1);
    assert.deepEqual(await statuses(), ["completed", "completed", "in_progress"]);
    await picture(panel.page, "calls");
  });

  test("every tool that asks shows what it would do", async () => {
    const { page, post } = panel;
    for (const ask of read("approvals")) {
      await post({ type: "asks", asks: { approvals: [ask], questions: [] } });
      const card = page.locator(`.ask[aria-label="Approval: ${ask.title}"]`);
      await card.waitFor();
      const shown = await card.evaluate((element) => element.textContent);
      const lines = (ask.changes ?? []).flatMap(({ path, patch }) => [
        path,
        ...patch
          .split("\n")
          .filter((line) => /^[-+](?![-+])/.test(line))
          .map((line) => line.slice(1)),
      ]);
      for (const part of [...ask.title.split(" "), (ask.command ?? "").trim(), ...lines])
        assert.ok(shown.includes(part), `${ask.requestKey}: no ${part} in ${shown}`);
    }
    await picture(page, "approval-patch");
  });
});
