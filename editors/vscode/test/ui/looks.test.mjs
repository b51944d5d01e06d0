// Pictures of the panel as a user sees it on a day's work, in three themes and
// three widths, with the real server and a scripted model. What can be asked of
// a picture by a program is asked here: nothing is cut off, and text can be read.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { delegate, openPanel, openWindow, picture, say, startBrowser, widen } from "../lib/browser.mjs";
import { startEditor } from "../lib/editor.mjs";
import { startModel } from "../lib/model.mjs";
import { extension, fillProject, program, scratch } from "../lib/places.mjs";

const themes = [
  ["light", "vs", "Default Light Modern"],
  ["dark", "vs-dark", "Default Dark Modern"],
  ["contrast", "hc-black", "Default High Contrast"],
  ["contrast-light", "hc-light", "Default High Contrast Light"],
];

describe("the panel's looks", { concurrency: false }, () => {
  let space, model, editor, browser, page, panel;

  before(async () => {
    space = scratch();
    const project = join(space.dir, "project");
    mkdirSync(project);
    fillProject(project);
    model = await startModel();
    editor = await startEditor(space.dir, {
      install: join(extension, "pygent.vsix"),
      settings: { "pygent.path": program, "pygent.mode": "ask", "pygent.arguments": ["--no-docker"] },
    });
    browser = await startBrowser();
    ({ page } = await openWindow(browser, editor, project));
    panel = await openPanel(page);
  });

  after(async () => {
    await browser?.close();
    await editor?.stop();
    await model?.close();
    space?.remove();
  });

  afterEach(async ({ passed, name }) => {
    if (!passed) await picture(page, `failed-${name.replace(/\W+/g, "-")}`);
  });

  /** A picture in each theme and width, and what of it runs out of the panel. */
  async function look(name, widths = [400, 300, 250], scroll) {
    for (const width of widths) {
      await widen(page, width);
      for (const [theme, kind, setting] of themes) {
        if (width !== widths[0] && theme !== "dark") continue;
        editor.set({ "workbench.colorTheme": setting });
        await page.locator(`.monaco-workbench.${kind}`).waitFor();
        await scroll?.();
        await picture(page, `look-${name}-${theme}-${width}`);
      }
      const cut = await panel
        .locator("body")
        .evaluate((body) =>
          [...body.querySelectorAll("*")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 && !e.closest("pre, .table"))
            .map((e) => `${e.tagName}.${e.className}`),
        );
      assert.deepEqual(cut, [], `${name} at ${width} pixels`);
    }
  }

  test("at the first start it offers the ways to a model", async () => {
    for (const name of ["Set API Key…", "Use a Local Model…", "Watch the Demo"])
      await panel.getByRole("button", { name }).waitFor();
    await look("first");
  });

  test("with a model it says how to begin", async () => {
    editor.set({ "pygent.baseUrl": model.url });
    await panel.getByRole("button", { name: "Find a bug and fix it" }).waitFor();
    await look("empty");
  });

  test("an approval with a diff waits, while a task runs", async () => {
    await delegate(page, "Run for long: the slow tests");
    await panel.locator(".ask", { hasText: "sleep 300" }).getByRole("button", { name: "Allow", exact: true }).click();
    await say(panel, "Fix the sum in sum.py, please: the total of an empty list should be zero.");
    await panel.locator(".ask", { hasText: "cat sum.py" }).getByRole("button", { name: "Allow", exact: true }).click();
    await panel.locator(".ask", { hasText: "sum.py" }).locator(".patch").waitFor();
    await look("approval");
  });

  test("a turn that has ended", async () => {
    await panel.getByRole("button", { name: "Allow", exact: true }).click();
    await panel.locator(".turn.ended").waitFor();
    await panel.locator(".tool", { hasText: "cat sum.py" }).locator("summary").click();
    await look("turn-end");
    await look("turn-begin", [400, 300, 250], () => panel.locator(".said").first().scrollIntoViewIfNeeded());
    await page.locator(".pane-header", { hasText: "Tasks" }).click();
    await look("task", [400]);
  });
});
