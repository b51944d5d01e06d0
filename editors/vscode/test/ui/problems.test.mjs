// Problems with a server, and the panel's advice.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBench } from "../lib/bench.mjs";
import { command, picture, say, until } from "../lib/browser.mjs";
import { program } from "../lib/places.mjs";

/** A program that answers initialize with another version of the protocol. */
const newer = `#!/usr/bin/env node
process.stdin.once("data", () => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 0, result: { serverInfo: { name: "pygent", version: "7.0" }, capabilities: { experimental: { pygent: { protocolVersion: 7, methods: [] } } } } });
  process.stdout.write("Content-Length: " + body.length + "\\r\\n\\r\\n" + body);
});
`;

describe("problems", { concurrency: false }, () => {
  let bench, editor, page, panel, problem, dir;

  before(async () => {
    bench = await startBench({
      settings: { "pygent.path": "/missing/pygent", "pygent.baseUrl": "", "pygent.mode": "auto" },
      prepare(dir) {
        writeFileSync(join(dir, "newer"), newer);
        writeFileSync(join(dir, "broken"), "#!/bin/sh\necho 'no such setting: x' >&2\nexit 2\n");
        for (const name of ["newer", "broken"]) chmodSync(join(dir, name), 0o755);
      },
    });
    ({ editor, page, panel, dir } = bench);
    problem = panel.locator(".problem");
  });
  after(() => bench?.close());

  /** Sets another program, which restarts the server, and returns the panel's text. */
  async function withProgram(path, title) {
    editor.set({ "pygent.path": path });
    await problem.getByRole("heading", { name: title }).waitFor();
    return problem.innerText();
  }

  test("the program is missing", async () => {
    await problem.getByText("The pygent program was not found").waitFor();
    assert.match(await problem.innerText(), /pygent\.path is “\/missing\/pygent”/);
    assert.match(await problem.innerText(), /Choose the Program/);
    await picture(page, "problem-missing");
  });

  test("it has the wrong version", async () => {
    const text = await withProgram(join(dir, "newer"), /wrong version/);
    assert.match(text, /speaks version 7 of the protocol.*needs version 1/);
  });

  test("it does not start", async () => {
    const text = await withProgram(join(dir, "broken"), /did not start/);
    assert.match(text, /exit code 2/);
    assert.match(text, /no such setting: x/);
  });

  test("its settings make no sense", async () => {
    editor.set({ "pygent.arguments": 7 });
    await withProgram(program, /did not start/);
    await problem.getByText(/iter.*are its settings right/).waitFor();
    editor.set({ "pygent.arguments": ["--no-docker"] });
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

  // The real program, but it finds the scripted model at Ollama's address.
  test("a model server of this machine is offered, and used", async () => {
    const found = { servers: [{ name: "Ollama", baseUrl: bench.model.url, models: ["scripted"] }] };
    const finds = `#!/bin/sh\n[ "$1" = doctor ] || exec '${program}' "$@"\necho '${JSON.stringify(found)}'\n`;
    writeFileSync(join(dir, "finds"), finds, { mode: 0o755 });
    await command(page, "Pygent: New Session");
    editor.set({ "pygent.path": join(dir, "finds") });
    await panel.getByRole("button", { name: "Use Ollama on this machine" }).click();
    await panel.getByRole("button", { name: "scripted", exact: true }).waitFor();
    await panel.getByRole("button", { name: "Find a bug and fix it" }).waitFor();
    await panel.getByLabel("Message to Pygent").fill("");
    await say(panel, "Hello, local model");
    await panel.getByRole("log").getByText("Hello from the scripted model.").waitFor();
    assert.equal(bench.model.bodies.at(-1).model, "scripted");
  });
});

test("in a folder that is not trusted it works, and asks", async (t) => {
  const { page, panel, close } = await startBench({
    settings: { "pygent.mode": "auto", "security.workspace.trust.startupPrompt": "never" },
    workspace: { "pygent.path": "/none", "pygent.model": "x" },
    trust: true,
  });
  t.after(close);
  await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
  await panel.getByText(/Commands run in a/).waitFor();
  await panel.getByRole("button", { name: "Ask", exact: true }).waitFor();
  await panel.getByRole("button", { name: "default model" }).waitFor();
  await picture(page, "restricted");
});
