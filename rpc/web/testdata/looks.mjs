// How fast the page loads, how many bytes it loads, and how it looks.
import assert from "node:assert/strict";
import { idle, open, picture, say, server, step } from "./browser.mjs";

export async function first(tab) {
  const { page } = tab;

  await step(tab, "opens", async () => {
    await page.locator(".welcome").waitFor();
    assert.equal(await page.evaluate(() => location.hash), "", "the token stays in the address");
    await picture(page, "welcome");
    const bytes = await page.evaluate(() =>
      [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((sum, e) => sum + e.transferSize, 0),
    );
    assert.ok(bytes > 50_000 && bytes <= 150_000, `${bytes} bytes`);
    return `${bytes} bytes were transferred`;
  });

  await step(tab, "paints", async () => {
    const paragraph = "data:text/html,<p>one paragraph";
    const fresh = async (url) => {
      const own = await open(url);
      const time = await painted(own.page);
      await own.close();
      return time;
    };
    const further = async (url) => {
      const page = await tab.page.context().newPage();
      await (await page.context().newCDPSession(page)).send("Network.setCacheDisabled", { cacheDisabled: true });
      await page.goto(url);
      const time = await painted(page);
      await page.close();
      return time;
    };
    const told = async (name, measure) => {
      const times = [[], []];
      for (let i = 0; i < samples; i++) for (const [n, url] of [server.url, paragraph].entries()) times[n].push(await measure(url));
      const [page, floor] = times.map(median);
      return `${name} ${page} ms, floor ${floor} ms`;
    };
    return `first contentful paint without a cache, median of ${samples}, beside that of one paragraph: ${await told("new profile", fresh)}; ${await told("new tab", further)}`;
  });
}

const samples = 9;
const painted = (page) =>
  page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime).then((found) => found.jsonValue());

const median = (times) => Math.round(times.sort((a, b) => a - b)[times.length >> 1]);

/** In the page: what stands out of the window, and is in no box that scrolls. */
const outside = () =>
  [...document.querySelectorAll("body *")]
    .filter((e) => !e.closest("pre, .table, .patch, .drawer:not(.open), .unseen, .skip") && e.checkVisibility())
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)
    .map((e) => `${e.tagName}.${e.className}`);

export async function looks(tab) {
  const { page } = tab;
  const session = await page.evaluate(() => location.hash.slice(1));

  await step(tab, "dark", async () => {
    const dark = await open(`${server.url}&${session}`, { colorScheme: "dark" });
    await dark.page.locator(".plot rect").first().waitFor();
    await dark.page.locator(".changes").first().scrollIntoViewIfNeeded();
    await dark.page.locator(".changes summary").first().click().catch(() => {});
    await picture(dark.page, "dark");
    assert.deepEqual(dark.seen.errors, []);
    await dark.close();
  });

  for (const colorScheme of ["light", "dark"])
    await step(tab, `390 px wide, ${colorScheme}`, async () => {
      const phone = await open(`${server.url}&${session}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme });
      const p = phone.page;
      await p.locator(".turn").first().waitFor();
      await p.locator(".turn table").first().scrollIntoViewIfNeeded();
      await picture(p, `phone-${colorScheme}`);
      assert.deepEqual(await p.evaluate(outside), []);
      await p.getByLabel("Tasks and usage").first().click();
      await p.locator("#side.open .task").waitFor();
      await p.waitForTimeout(300);
      await picture(p, `phone-tasks-${colorScheme}`);
      assert.deepEqual(await p.evaluate(outside), []);
      await p.keyboard.press("Escape");
      await p.getByLabel("Sessions").first().click();
      await p.locator("#sessions.open .session").first().waitFor();
      await p.waitForTimeout(300);
      await picture(p, `phone-sessions-${colorScheme}`);
      await p.locator("#sessions").getByRole("button", { name: "Close" }).click();
      await p.locator("#mode").selectOption("ask");
      await say(p, "spoil it");
      await p.locator(".ask .plus .line", { hasText: "result -= n" }).waitFor();
      await picture(p, `phone-approval-${colorScheme}`);
      assert.deepEqual(await p.evaluate(outside), []);
      await p.locator(".ask").getByRole("button", { name: "Deny" }).click();
      await idle(p);
      await p.locator("#mode").selectOption("auto");
      assert.deepEqual(phone.seen.errors, []);
      await phone.close();
    });

  await step(tab, "everything has a name", async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, textarea, select, summary, [role=region]")]
        .filter((e) => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim() || e.getAttribute("aria-labelledby")))
        .map((e) => e.outerHTML.slice(0, 120)),
    );
    assert.deepEqual(nameless, []);
  });
}
