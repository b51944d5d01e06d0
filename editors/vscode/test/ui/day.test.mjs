// Less usual paths of everyday work: approvals while the panel is hidden or the server
// dies, rewinding, retrying, tasks that ask. In the real editor, with the real server
// and a scripted model (lib/model.mjs).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { startBench } from "../lib/bench.mjs";
import { command, delegate, openPanel, panelOf, picture, say, until } from "../lib/browser.mjs";
import { wrongSum } from "../lib/places.mjs";
import { childrenOf } from "../lib/server.mjs";

describe("a day's work", { concurrency: false }, () => {
  let bench, model, editor, page, panel, talk, project;

  before(async () => {
    bench = await startBench({ settings: { "pygent.models": ["scripted-small", "scripted-large"] } });
    ({ model, editor, page, panel, project } = bench);
    talk = panel.getByRole("log");
  });
  after(() => bench?.close());

  afterEach(async ({ passed, name }) => {
    if (!passed) await picture(page, `failed-${name.replace(/\W+/g, "-")}`);
  });

  const input = () => panel.getByLabel("Message to Pygent");
  const idle = () => panel.locator("footer .stop").waitFor({ state: "hidden" });
  const allow = (text) => panel.locator(".ask", { hasText: text }).getByRole("button", { name: "Allow", exact: true });
  const toast = (text) => page.locator(".notification-toast", { hasText: text });
  const sum = () => readFileSync(join(project, "sum.py"), "utf8");

  test("mode and model are chosen below the input", async () => {
    assert.equal(await panel.locator(".pick:not(.model):not(.folder)").innerText(), "Ask", "the default");
    await panel.locator(".pick.model").click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "scripted-large" }).click();
    await panel.getByRole("button", { name: "scripted-large" }).waitFor();
    await panel.getByRole("button", { name: "Ask", exact: true }).click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "Plan" }).click();
    await panel.getByRole("button", { name: "Plan", exact: true }).waitFor();
    await say(panel, "Fix the sum");
    await panel.locator(".turn.ended").waitFor();
    assert.equal(sum(), wrongSum, "mode plan changes no file");
    assert.equal(model.bodies.at(-1).model, "scripted-large");
    await panel.getByRole("button", { name: "Plan", exact: true }).click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "edits and commands" }).click();
    await command(page, "Pygent: New Session");
    await panel.getByText("Works in project.").waitFor();
  });

  test("the editor's selection goes along, by the button and by the key", async () => {
    await until(() => input().evaluate((e) => document.hasFocus() && e === document.activeElement)); // of the new session
    await command(page, "Go to File");
    await page.locator(".quick-input-widget input").fill("sum.py");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "sum.py" }).first().click();
    await page.locator(".monaco-editor .view-line", { hasText: "result = 1" }).click();
    await page.keyboard.press("Home");
    await page.keyboard.press("Shift+End");
    await page.keyboard.press("Control+Alt+Shift+A");
    await panel.locator(".chip", { hasText: "sum.py:2" }).waitFor();
    await say(panel, "Hello with a selection");
    await talk.getByText("Hello from the scripted model.").waitFor();
    await panel.locator(".said .tag", { hasText: "sum.py:2" }).waitFor();
    await idle();
    assert.match(JSON.stringify(model.requests.at(-1)), /result = 1/);
  });

  test("goes back to before a message, with the files", async () => {
    await say(panel, "Fix the sum");
    await allow("cat sum.py").click();
    await allow("result = 0").click();
    await panel.locator(".changed").waitFor();
    assert.match(sum(), /result = 0/);
    const said = panel.locator(".said", { hasText: "Fix the sum" });
    await said.hover();
    await said.getByRole("button", { name: "Go back to before this message" }).click();
    await page.locator(".monaco-dialog-box").getByRole("button", { name: "Go Back" }).click();
    await said.waitFor({ state: "detached" });
    assert.equal(await input().inputValue(), "Fix the sum");
    assert.equal(sum(), wrongSum);
    await input().fill("");
  });

  test("tries a turn again that has failed", async () => {
    await say(panel, "Now fail");
    await panel.getByText("the scripted model refuses").first().waitFor();
    const turns = await panel.locator(".turn").count();
    await panel.getByRole("button", { name: "Retry" }).click();
    await until(async () => (await panel.locator(".turn.ended").count()) > turns);
    await idle();
  });

  test("an approval comes as a notification while the panel is hidden", async () => {
    await say(panel, "Fix the sum");
    await allow("cat sum.py").waitFor();
    await command(page, "Show Explorer");
    const asked = toast("Run a command: cat sum.py");
    // A click that was meant for what was there before: the question is shown again.
    await page.waitForFunction(() => {
      const buttons = [...document.querySelectorAll(".notification-toast .monaco-button")];
      const allowing = buttons.find((button) => button.textContent === "Allow");
      allowing?.click();
      return allowing;
    });
    await page.waitForTimeout(1100); // a button that has just appeared decides nothing
    await asked.getByText("for the session: cat sum.py").waitFor();
    await picture(page, "notification");
    await asked.getByRole("button", { name: "Allow", exact: true }).click();
    const edit = toast("Write sum.py");
    await edit.getByRole("button", { name: "Deny", exact: true }).waitFor();
    assert.equal(await edit.getByRole("button", { name: /Allow/ }).count(), 0, "its diff is in the panel alone");
    await edit.getByRole("button", { name: "Show", exact: true }).click();
    panel = panelOf(page);
    talk = panel.getByRole("log");
    await panel.locator(".ask:focus", { hasText: "result = 0" }).waitFor();
    await allow("result = 0").click();
    await until(() => /result = 0/.test(sum()));
    await panel.locator(".turn.ended", { hasText: "1 file changed" }).waitFor();
    await panel.getByRole("button", { name: "Undo", exact: true }).last().click();
    await panel.getByText("1 file put back").waitFor();
  });

  test("a notification shows a command as it is: whole, and without links", async () => {
    await say(panel, "Run with a link");
    await allow("echo").waitFor();
    await command(page, "Show Explorer");
    const asked = toast("Run a command:");
    const text = await asked.locator(".notification-list-item-message").innerText();
    const shown = "echo [the docs](command:workbench.action.toggleZenMode) # reads ⏎ echo second";
    assert.ok(text.replaceAll("\u2060", "").includes(shown), text);
    assert.equal(await asked.locator(".notification-list-item-message a").count(), 0);
    await picture(page, "notification-link");
    await page.waitForTimeout(1100);
    await asked.getByRole("button", { name: "Deny", exact: true }).click();
    panel = await openPanel(page);
    talk = panel.getByRole("log");
    await idle();
  });

  test("a new session while a turn runs has nothing of the old one, and what waited comes back", async () => {
    await say(panel, "Run for long, then stop");
    await allow("sleep 300").click();
    await panel.locator(".tool", { hasText: "sleep 300" }).last().locator(".output", { hasText: "begun" }).waitFor();
    await say(panel, "Hello behind it");
    await panel.locator(".queue li").waitFor();
    await command(page, "Pygent: New Session");
    await panel.getByText("Works in project.").waitFor();
    await until(async () => (await input().inputValue()) === "Hello behind it");
    await input().press("Enter");
    await talk.getByText("Hello from the scripted model.").waitFor();
    await idle();
    assert.equal(await panel.locator(".turn").count(), 1);
    assert.doesNotMatch(JSON.stringify(model.requests.at(-1)), /Run for long/);
  });

  test("an approval outlives the server that asked", async () => {
    await say(panel, "Fix the sum, please");
    await allow("cat sum.py").click();
    await allow("result = 0").waitFor();
    const [old] = childrenOf(editor.pid, "serve");
    process.kill(old, "SIGKILL");
    await talk.getByText("The session goes on.").waitFor();
    await allow("result = 0").click();
    await panel.locator(".turn").last().getByText("The test fails because").waitFor();
    await idle();
    assert.match(sum(), /result = 0/);
  });

  test("a window that is closed stops its turn, and the next one tries it again", async () => {
    await say(panel, "Fix the sum once more");
    await allow("cat sum.py").waitFor();
    await page.reload();
    panel = panelOf(page);
    talk = panel.getByRole("log");
    await panel.getByRole("button", { name: "Retry" }).click({ timeout: 60_000 });
    await allow("cat sum.py").waitFor();
    assert.equal(await panel.getByRole("img", { name: "running" }).count(), 1, "of an earlier turn nothing runs");
    await panel.getByRole("button", { name: "Stop turn" }).click();
    await idle();
  });

  test("what waits behind a turn comes back when it is stopped", async () => {
    await say(panel, "Run for long");
    await allow("sleep 300").click();
    await panel.locator(".tool", { hasText: "sleep 300" }).last().locator(".output", { hasText: "begun" }).waitFor();
    await say(panel, "Hello behind it");
    await panel.locator(".queue li").waitFor();
    await panel.getByRole("button", { name: "Stop (Esc)" }).click();
    await idle();
    assert.equal(await input().inputValue(), "Hello behind it");
    await input().fill("");
  });

  test("a task asks, by name, in the panel and as a notification", async () => {
    await delegate(page, "Ask me about colours");
    await toast("Which colour?").waitFor();
    const card = panel.locator(".ask", { hasText: "Which colour?" });
    assert.equal(await card.locator(".tag").innerText(), "Ask me about colours");
    await picture(page, "task-asks");
    await card.getByRole("button", { name: "red" }).click();
    await toast("the task “Ask me about colours” is finished").waitFor();
  });

  test("a task is cancelled in the tree", async () => {
    await delegate(page, "Run for long: tests");
    await allow("sleep 300").click();
    await page.locator(".pane-header", { hasText: /Tasks: \d/ }).click();
    const row = page.locator(".monaco-list-row", { hasText: "Run for long: tests" });
    await row.getByText(/running · Run echo begun/).waitFor();
    await row.hover();
    await row.getByRole("button", { name: "Cancel Task" }).click();
    await row.getByText("cancelled").first().waitFor();
    await page.locator(".pane-header", { hasText: "Tasks" }).click();
  });

  test("a restart keeps the session", async () => {
    const goesOn = panel.getByText("was started again. The session goes on.");
    const before = await goesOn.count();
    await command(page, "Pygent: Restart Server");
    await goesOn.nth(before).waitFor(); // else the message could arrive before the command
    await say(panel, "Hello after the restart");
    await panel.locator(".turn", { hasText: "Hello after the restart" }).getByText("Hello from the").waitFor();
    assert.match(JSON.stringify(model.requests.at(-1)), /Fix the sum once more/, "the model was told what was before");
  });

  test("a new window shows the session's mode", async () => {
    await panel.getByRole("button", { name: "Ask", exact: true }).click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "reads only" }).click();
    await panel.getByRole("button", { name: "Plan", exact: true }).waitFor();
    await page.reload();
    panel = panelOf(page);
    await panel.getByRole("button", { name: "Plan", exact: true }).waitFor({ timeout: 60_000 });
  });
});
