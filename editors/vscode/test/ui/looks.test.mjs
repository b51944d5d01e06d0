// Screenshots of the panel in everyday work, in three themes and three widths, with
// the real server and a scripted model. It checks what a program can check in them:
// nothing is cut off, and text is readable.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { startBench } from "../lib/bench.mjs";
import { delegate, picture, say, widen } from "../lib/browser.mjs";

const themes = [
  ["light", "vs", "Default Light Modern"],
  ["dark", "vs-dark", "Default Dark Modern"],
  ["contrast", "hc-black", "Default High Contrast"],
  ["contrast-light", "hc-light", "Default High Contrast Light"],
];

describe("the panel's looks", { concurrency: false }, () => {
  let bench, model, editor, page, panel;

  before(async () => {
    bench = await startBench({ settings: { "pygent.baseUrl": "" } });
    ({ model, editor, page, panel } = bench);
  });
  after(() => bench?.close());

  afterEach(async ({ passed, name }) => {
    if (!passed) await picture(page, `failed-${name.replace(/\W+/g, "-")}`);
  });

  /** Takes a screenshot in each theme and width, and finds elements that exceed the panel. */
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
