// What can go wrong with a server, and what the panel says to do about it.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openPanel, openWindow, picture, say, startBrowser } from "../lib/browser.mjs";
import { startEditor } from "../lib/editor.mjs";
import { extension, program, scratch } from "../lib/places.mjs";

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
    await picture(page, "problem-key");
  });
});
