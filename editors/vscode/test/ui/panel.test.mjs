// The panel in the real editor, through Chromium, with the real server and a
// scripted model (lib/model.mjs).
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBench } from "../lib/bench.mjs";
import { command, panelOf, picture, say, until } from "../lib/browser.mjs";
import { wrongSum } from "../lib/places.mjs";
import { childrenOf, served } from "../lib/server.mjs";

describe("the panel", { concurrency: false }, () => {
  let bench, model, editor, window, page, panel, talk, project;

  before(async () => {
    bench = await startBench({ settings: { "pygent.mode": served.approvals ? "ask" : "auto" } });
    ({ model, editor, window, page, panel, project } = bench);
    talk = panel.getByRole("log");
  });
  after(() => bench?.close());

  /** Allows all approvals of the prompt's turn until it has ended. */
  async function allowUntilEnded(prompt) {
    const ended = panel.locator(".turn.ended", { hasText: prompt }).last();
    for (;;) {
      const allow = panel.locator(".ask button.primary").first();
      await Promise.race([allow.waitFor(), ended.waitFor()]);
      if (!(await allow.isVisible())) return;
      await allow.click();
      await allow.waitFor({ state: "detached" }).catch(() => {});
    }
  }

  test("says where it works and what confines commands", async () => {
    await panel.getByText("Works in project.").waitFor();
    await panel.getByText(/Commands run (in|without) a/).waitFor();
    await picture(page, "welcome");
  });

  test("streams text, and shows the turn's end", async () => {
    await say(panel, "Hello");
    await talk.getByText("Hello from the scripted model.").first().waitFor();
    await panel.locator(".turn.ended").waitFor();
    assert.match(await panel.locator(".usage").innerText(), /↑1\.2k ↓340/);
  });

  test("shows tool calls as rows, approves an edit, and opens its diff", async () => {
    await say(panel, "Fix the sum");
    if (served.approvals) {
      await panel.locator(".ask").waitFor();
      await picture(page, "approval");
    }
    await allowUntilEnded("Fix the sum");
    const row = panel.locator(".tool", { hasText: "cat sum.py" });
    await row.locator("summary").click();
    await row.locator(".output", { hasText: "looking" }).waitFor();
    assert.match(await panel.locator(".changed").innerText(), /1 file changed/);
    assert.match(readFileSync(join(project, "sum.py"), "utf8"), /result = 0/);
    assert.equal(await panel.locator(".prose pre .hljs-keyword").first().innerText(), "def");
    await picture(page, "turn");
    await panel.locator(".changed .path").click();
    const title = served.diff ? "sum.py (before the turn ↔ now)" : "sum.py";
    await page.locator(".tab", { hasText: title }).waitFor();
    if (served.diff)
      await page.locator(".monaco-diff-editor .line-delete, .monaco-diff-editor .char-delete").first().waitFor();
    await picture(page, "diff");
  });

  test(
    "undoes the turn, and takes that back",
    { skip: !served.undo && "this server has no files/revert" },
    async () => {
      await panel.getByRole("button", { name: "Undo", exact: true }).last().click();
      await panel.getByText("1 file put back").waitFor();
      assert.equal(readFileSync(join(project, "sum.py"), "utf8"), wrongSum);
      await panel.getByRole("button", { name: "Redo" }).last().click();
      await panel.getByText("1 file changed").waitFor();
      assert.match(readFileSync(join(project, "sum.py"), "utf8"), /result = 0/);
    },
  );

  test("completes files behind an @", async () => {
    await panel.getByLabel("Message to Pygent").pressSequentially("Hello @not");
    await panel.getByRole("option", { name: "notes.txt" }).waitFor();
    await panel.getByLabel("Message to Pygent").press("Enter");
    await until(async () => (await panel.getByLabel("Message to Pygent").inputValue()) === "Hello @notes.txt ");
    await panel.locator(".chip", { hasText: "notes.txt" }).waitFor();
    const before = model.requests.length;
    await panel.getByLabel("Message to Pygent").press("Enter");
    await talk.getByText("Hello @notes.txt").waitFor();
    await panel.locator("footer .stop").waitFor({ state: "hidden" });
    assert.match(JSON.stringify(model.requests.slice(before)), /one\\ntwo/, "the file went along");
  });

  test("asks the user, with choices", async () => {
    await say(panel, "Ask me");
    await panel.locator(".ask", { hasText: "Which colour?" }).waitFor();
    await picture(page, "question");
    await panel.getByRole("button", { name: "blue" }).click();
    await talk.getByText("Noted.").waitFor();
    await panel.locator("footer .stop").waitFor({ state: "hidden" });
    assert.match(JSON.stringify(model.requests.at(-1)), /blue/);
  });

  test("stops a turn in mid-command, and keeps a message that waits", async () => {
    await say(panel, "Run for long");
    if (served.approvals) await panel.locator(".ask button.primary").click();
    const row = panel.locator(".tool", { hasText: "sleep 300" });
    await row.locator(".output", { hasText: "begun" }).waitFor();
    await picture(page, "running");
    await say(panel, "Hello again");
    await panel.locator(".queue li", { hasText: "Hello again" }).waitFor();
    await panel.getByRole("button", { name: "Take back to the input" }).click();
    await until(async () => (await panel.getByLabel("Message to Pygent").inputValue()) === "Hello again");
    await panel.getByLabel("Message to Pygent").fill("");
    await panel.getByRole("button", { name: /^Stop/ }).click();
    await talk.getByText("Stopped.").waitFor();
    await panel.locator("footer .stop").waitFor({ state: "hidden" });
  });

  test("brings server and session back after kill -9", async () => {
    const [old] = childrenOf(editor.pid, "serve");
    assert.ok(old, "the server runs");
    await say(panel, "Run for long, again");
    if (served.approvals) await panel.locator(".ask button.primary").click();
    await panel.locator(".tool", { hasText: "sleep 300" }).nth(1).locator(".output", { hasText: "begun" }).waitFor();
    process.kill(old, "SIGKILL");
    await talk.getByText("The server ended during this turn.").waitFor();
    await talk.getByText("The session goes on.").waitFor();
    await say(panel, "Hello after all");
    await panel.locator(".turn", { hasText: "Hello after all" }).getByText("Hello from the scripted model.").waitFor();
    assert.notEqual(childrenOf(editor.pid, "serve")[0], old);
    assert.match(JSON.stringify(model.requests.at(-1)), /Fix the sum/, "the model was told of the conversation before");
    await picture(page, "back");
  });

  test("delegates a task and collects its file", async () => {
    await command(page, "Pygent: Delegate Task");
    await page.locator(".quick-input-title", { hasText: "Delegate a task" }).waitFor();
    await page.locator(".quick-input-widget input").fill("Summarise notes");
    await page.keyboard.press("Enter");
    await page.locator(".quick-input-title", { hasText: "Files that the task gets copies of" }).waitFor();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "notes.txt" }).click();
    await page.keyboard.press("Enter");
    if (served.approvals) await panel.locator(".ask", { hasText: "summary.txt" }).locator("button.primary").click();
    await page.locator(".notifications-toasts .monaco-button", { hasText: "Collect Files" }).click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "summary.txt" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".notifications-toasts", { hasText: "collected summary.txt" }).waitFor();
    assert.equal(readFileSync(join(project, "summary.txt"), "utf8"), "Short.\n");
    await page.locator(".pane-header", { hasText: "Tasks" }).click();
    await page.locator(".monaco-list-row", { hasText: "1 file" }).waitFor();
    await picture(page, "tasks");
    await page.locator(".pane-header", { hasText: "Tasks" }).click();
  });

  test("shows a hostile message as text, and asks no other host for anything", async () => {
    await say(panel, "Show me");
    await allowUntilEnded("Show me");
    const turn = panel.locator(".turn").last();
    await turn.getByText("<script>window.broken = 1</script>").waitFor();
    await turn.locator("a").first().waitFor(); // the last block is drawn a frame later
    assert.equal(await turn.locator("img, script, style").count(), 0);
    const links = await turn.locator("a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    assert.deepEqual(links, ["https://example.org/docs"]);
    assert.match(await turn.innerText(), /\\u\{202e\}gnp\.exe/);
    assert.match(await turn.locator(".changed").innerText(), /a<img src=x>\|b\.txt/);
    assert.equal(await panel.locator("body").evaluate(() => window.broken), undefined);
    assert.deepEqual(window.foreign, []);
    await picture(page, "hostile");
  });

  test("fills again after the window was loaded anew", async () => {
    await page.reload();
    panel = panelOf(page);
    talk = panel.getByRole("log");
    await talk.getByText("Hello after all").first().waitFor({ timeout: 60_000 });
    assert.ok(existsSync(join(project, "sum.py")));
  });

  test("begins a new session, and resumes the old one", async () => {
    await command(page, "Pygent: New Session");
    await panel.getByText("Works in project.").waitFor();
    await command(page, "Pygent: Resume Session");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "Hello" }).first().click();
    await talk.getByText("Hello after all").first().waitFor();
  });
});
