// How soon the page is there, how much comes over the wire, and how it looks.
import assert from "node:assert/strict";
import { open, picture, server, step } from "./browser.mjs";

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
    const median = async (url) => {
      const times = [];
      for (let i = 0; i < 9; i++) {
        const tab = await open(url);
        await tab.page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
        times.push(await tab.page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
        await tab.close();
      }
      return Math.round(times.sort((a, b) => a - b)[4]);
    };
    const floor = await median("data:text/html,<p>one paragraph");
    return `first contentful paint in a new profile, median: ${await median(server.url)} ms; of one paragraph: ${floor} ms`;
  });
}

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
      assert.ok((await p.evaluate(() => document.documentElement.scrollWidth)) <= 390, "it scrolls sideways");
      await p.getByLabel("Tasks and usage").first().click();
      await p.locator("#side.open .task").waitFor();
      await p.waitForTimeout(300);
      await picture(p, `phone-tasks-${colorScheme}`);
      await p.keyboard.press("Escape");
      await p.getByLabel("Sessions").first().click();
      await p.locator("#sessions.open .session").first().waitFor();
      await p.waitForTimeout(300);
      await picture(p, `phone-sessions-${colorScheme}`);
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
