// Starts the editor with tests.cjs inside its extension host.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fillSpace, ownSettings } from "../lib/bench.mjs";
import { startBrowser } from "../lib/browser.mjs";
import { startEditor } from "../lib/editor.mjs";
import { extension } from "../lib/places.mjs";
import { served } from "../lib/server.mjs";

test("inside the extension host", async (t) => {
  const { space, project, model } = await fillSpace({
    workspace: { "pygent.path": "/none", "pygent.mode": "auto", "pygent.environment": { PYGENT_MODEL: "theirs" } },
  });
  t.after(space.remove);
  t.after(model.close);
  const mode = served.approvals ? "ask" : "auto";
  process.env.PYGENT_TEST_MODE = mode;
  const editor = await startEditor(space.dir, {
    settings: { ...ownSettings(model), "pygent.mode": mode },
    flags: ["--vscode-option", "enable-smoke-test-driver"],
  });
  t.after(editor.stop);
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  const lines = [];
  const ended = new Promise((resolve) => page.exposeFunction("codeAutomationExit", resolve));
  await page.exposeFunction("codeAutomationLog", (_type, args) => lines.push(args.join(" ")));
  page.on("console", (message) => lines.push(message.text()));
  const remote = (path) => `vscode-remote://127.0.0.1:${editor.port}${path}`;
  const payload = JSON.stringify([
    ["extensionDevelopmentPath", remote(extension)],
    ["extensionTestsPath", remote(join(extension, "test/host/tests.cjs"))],
  ]);
  await page.goto(`${editor.url}/?folder=${encodeURIComponent(project)}&payload=${encodeURIComponent(payload)}`);
  const timer = setTimeout(() => page.close(), 180_000);
  page.on("close", () => lines.push("the page was closed"));
  const code = await Promise.race([ended, new Promise((resolve) => page.once("close", () => resolve(-1)))]);
  clearTimeout(timer);
  const told = code === 0 ? lines.filter((line) => /^(ok - |pygent: )/.test(line)) : lines;
  console.log(told.join("\n"));
  assert.equal(code, 0);
});
