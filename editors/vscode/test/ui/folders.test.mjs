// Several folders in one window, and a project with many files of installed packages.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { startBench } from "../lib/bench.mjs";
import { command, picture, say, until } from "../lib/browser.mjs";

describe("several folders", { concurrency: false }, () => {
  let bench, page, panel, talk;

  before(async () => {
    bench = await startBench({
      prepare(dir, project) {
        const other = join(dir, "other (c++)");
        mkdirSync(other);
        writeFileSync(join(other, "theirs.txt"), "x\n");
        mkdirSync(join(project, "src"));
        writeFileSync(join(project, "src/index.ts"), "export {};\n");
        for (let i = 0; i < 200; i++) {
          mkdirSync(join(project, `node_modules/p${i}`), { recursive: true });
          writeFileSync(join(project, `node_modules/p${i}/index.js`), "\n");
        }
        const file = join(dir, "both.code-workspace");
        writeFileSync(file, JSON.stringify({ folders: [{ path: "project" }, { path: "other (c++)" }] }));
        return file;
      },
    });
    ({ page, panel } = bench);
    talk = panel.getByRole("log");
  });
  after(() => bench?.close());
  afterEach(async ({ passed, name }) => {
    if (!passed) await picture(page, `failed-${name.replace(/\W+/g, "-")}`);
  });

  const input = () => panel.getByLabel("Message to Pygent");
  const earlier = (text) => panel.getByRole("navigation", { name: "Earlier sessions" }).getByText(text);
  async function pick(name) {
    await panel.locator(".pick.folder").click();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).click();
    await panel.locator(".pick.folder", { hasText: name }).waitFor();
  }

  test("the project's own files are completed, not those of its packages", async () => {
    await input().pressSequentially("@index");
    await panel.getByRole("option", { name: "index.ts" }).waitFor();
    assert.equal(await panel.getByRole("option").count(), 1);
    await input().press("Escape");
    await input().fill("");
  });

  test("who hides no file finds them all", async () => {
    const shown = Object.fromEntries(
      ["**/.git", "**/.svn", "**/.hg", "**/.DS_Store", "**/Thumbs.db"].map((glob) => [glob, false]),
    );
    bench.editor.set({
      "files.exclude": shown,
      "search.exclude": { "**/node_modules": false, "**/bower_components": false, "**/*.code-search": false },
    });
    await until(async () => {
      await input().fill("");
      await input().pressSequentially("@index");
      await panel.getByRole("option", { name: "index.ts" }).waitFor();
      return (await panel.getByRole("option").count()) > 1;
    });
    await input().press("Escape");
    await input().fill("");
  });

  test("each folder has its conversation and its earlier sessions", async () => {
    await say(panel, "Hello in the first");
    await talk.getByText("Hello from the scripted model.").waitFor();
    await command(page, "Pygent: New Session");
    await earlier("Hello in the first").waitFor();
    await pick("other");
    await panel.getByText("Works in other (c++).").waitFor();
    await panel.getByText(/^Commands run/).waitFor(); // its server has answered
    await earlier("Hello in the first").waitFor({ state: "detached" });
    await picture(page, "folders");
    await say(panel, "Hello in the other");
    await talk.getByText("Hello from the scripted model.").waitFor();
    await command(page, "Pygent: New Session");
    await earlier("Hello in the other").waitFor();
    await pick("project");
    await earlier("Hello in the first").waitFor();
    assert.equal(await earlier("Hello in the other").count(), 0);
  });

  test("what is asked in a folder that is not shown names it", async () => {
    await say(panel, "Run with a link");
    await panel.locator(".ask", { hasText: "echo" }).waitFor();
    await pick("other");
    const tag = panel.locator(".ask", { hasText: "echo" }).locator(".tag");
    assert.equal(await tag.innerText(), "project");
    await command(page, "Show Explorer");
    const asked = page.locator(".notification-toast", { hasText: "Pygent in project: Run a command: echo" });
    await asked.waitFor();
    await page.waitForTimeout(1100); // a button that has just appeared decides nothing
    await asked.getByRole("button", { name: "Deny", exact: true }).click();
    await command(page, "Pygent: Focus on Chat View");
    await pick("project");
    await panel.locator("footer .stop").waitFor({ state: "hidden" });
  });

  test("a file goes along to the folder that it lies in", async () => {
    await command(page, "Go to File");
    await page.locator(".quick-input-widget input").fill("theirs.txt");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "theirs.txt" }).first().click();
    await page.locator(".tab", { hasText: "theirs.txt" }).waitFor();
    await command(page, "Pygent: Attach File to Pygent");
    await panel.locator(".chip", { hasText: "theirs.txt" }).waitFor();
    await panel.locator(".pick.folder", { hasText: "other" }).waitFor();
  });

  test("what is written and goes along is still there when the panel was hidden", async () => {
    await input().fill("About this:");
    await command(page, "Show Explorer");
    await page.locator(".explorer-viewlet").waitFor();
    await command(page, "Pygent: Focus on Chat View");
    await until(async () => (await input().inputValue()) === "About this:");
    await panel.locator(".chip", { hasText: "theirs.txt" }).waitFor();
  });
});
