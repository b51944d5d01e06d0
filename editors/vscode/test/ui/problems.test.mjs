// What can go wrong with a server, and what the panel says to do about it.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { command, openPanel, openWindow, picture, say, startBrowser, until } from "../lib/browser.mjs";
import { startEditor } from "../lib/editor.mjs";
import { extension, fillProject, program, scratch } from "../lib/places.mjs";

/** A program that answers initialize, with another version of the protocol. */
const newer = `#!/usr/bin/env node
process.stdin.once("data", () => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, result: { serverInfo: { name: "pygent", version: "7.0" }, capabilities: { experimental: { pygent: { protocolVersion: 7, methods: [] } } } } });
  process.stdout.write("Content-Length: " + body.length + "\\r\\n\\r\\n" + body);
});
`;

describe("problems", { concurrency: false }, () => {
  let space, editor, browser, page, panel, problem;

  before(async () => {
    space = scratch();
    const project = join(space.dir, "project");
    mkdirSync(project);
    writeFileSync(join(space.dir, "newer"), newer);
    writeFileSync(join(space.dir, "broken"), "#!/bin/sh\necho 'no such setting: x' >&2\nexit 2\n");
    for (const name of ["newer", "broken"]) chmodSync(join(space.dir, name), 0o755);
    editor = await startEditor(space.dir, {
      install: join(extension, "pygent.vsix"),
      settings: {
        "pygent.path": join(space.dir, "missing"),
        "pygent.mode": "auto",
        "pygent.arguments": ["--no-docker"],
      },
    });
    browser = await startBrowser();
    ({ page } = await openWindow(browser, editor, project));
    panel = await openPanel(page);
    problem = panel.locator(".problem");
  });
  after(async () => {
    await browser?.close();
    await editor?.stop();
    space?.remove();
  });

  /** Sets another program, which starts the server anew, and answers what the panel says then. */
  async function withProgram(path, title) {
    editor.set({ "pygent.path": path });
    await problem.getByRole("heading", { name: title }).waitFor();
    return problem.innerText();
  }

  test("the program is missing", async () => {
    await problem.getByText("The pygent program was not found").waitFor();
    assert.match(await problem.innerText(), /pygent\.path is “.*missing”/);
    assert.match(await problem.innerText(), /Choose the Program/);
    await picture(page, "problem-missing");
  });

  test("it has the wrong version", async () => {
    const text = await withProgram(join(space.dir, "newer"), /wrong version/);
    assert.match(text, /speaks version 7 of the protocol.*needs version 1/);
  });

  test("it does not start", async () => {
    const text = await withProgram(join(space.dir, "broken"), /did not start/);
    assert.match(text, /exit code 2/);
    assert.match(text, /no such setting: x/);
  });

  test("there is no key", async () => {
    editor.set({ "pygent.path": program });
    await problem.waitFor({ state: "hidden" });
    await say(panel, "Hello");
    await problem.getByText("No model yet").waitFor();
    for (const name of ["Set API Key…", "Use a Local Model…", "Watch the Demo"])
      await problem.getByRole("button", { name }).waitFor();
    await until(async () => (await panel.getByLabel("Message to Pygent").inputValue()) === "Hello"); // not lost
    await picture(page, "problem-key");
  });

  test("the demo runs in a terminal", async () => {
    await problem.getByRole("button", { name: "Watch the Demo" }).click();
    await page.locator(".terminal-wrapper").waitFor();
    await page.locator(".xterm-rows", { hasText: "passes now" }).first().waitFor();
    await picture(page, "demo");
  });

  test("the walkthrough leads to the same", async () => {
    await command(page, "Welcome: Open Walkthrough");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "Get started with Pygent" }).click();
    await page.locator(".getting-started-step", { hasText: "Choose a model" }).waitFor();
    for (const name of ["Set API Key", "Use a Local Model", "Watch the Demo"])
      await page.locator(".getting-started-step").getByRole("button", { name }).first().waitFor();
    await picture(page, "walkthrough");
  });
});

test("in a folder that is not trusted it works, and asks", async (t) => {
  const space = scratch();
  t.after(space.remove);
  const project = join(space.dir, "project");
  mkdirSync(join(project, ".vscode"), { recursive: true });
  fillProject(project);
  writeFileSync(
    join(project, ".vscode/settings.json"),
    JSON.stringify({ "pygent.path": "/none", "pygent.model": "x" }),
  );
  const editor = await startEditor(space.dir, {
    install: join(extension, "pygent.vsix"),
    settings: {
      "pygent.path": program,
      "pygent.mode": "auto",
      "pygent.arguments": ["--no-docker"],
      "security.workspace.trust.startupPrompt": "never",
    },
    trust: true,
  });
  t.after(editor.stop);
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { page } = await openWindow(browser, editor, project);
  await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
  const panel = await openPanel(page);
  await panel.getByText(/Commands run in a/).waitFor();
  await panel.getByRole("button", { name: "Ask", exact: true }).waitFor();
  await panel.getByRole("button", { name: "default model" }).waitFor();
  await picture(page, "restricted");
});
