// Works on the page as a user does and prints a line of JSON for each step.
import { readFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { PAGE, WORKSPACE, PICTURES } = process.env;
const origin = new URL(PAGE).origin;
mkdirSync(PICTURES, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: false,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A tab of its own profile, with what went wrong in it and what it asked others for. */
async function open(url = PAGE, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
  context.setDefaultTimeout(60_000); // the machine may be busy
  const page = await context.newPage();
  const seen = { errors: [], foreign: [] };
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("request", (request) => new URL(request.url()).host !== new URL(origin).host && seen.foreign.push(request.url()));
  await page.goto(url);
  return { page, seen, close: () => context.close() };
}

const say = async (page, text) => {
  await page.getByLabel("Message to Pygent").fill(text);
  await page.getByLabel("Message to Pygent").press("Enter");
};
const idle = (page) => page.getByRole("button", { name: "Stop", exact: true }).waitFor({ state: "hidden" });
const picture = (page, name) => page.screenshot({ path: join(PICTURES, `${name}.png`) });
const file = (name) => readFileSync(join(WORKSPACE, name), "utf8");

async function step(name, run) {
  let error = "";
  let figures = "";
  try {
    figures = (await run()) ?? "";
  } catch (caught) {
    error = String(caught.stack ?? caught);
    await picture(main.page, `failed-${name}`).catch(() => {});
  }
  console.log(JSON.stringify({ name, error, figures }));
}

const main = await open();
const { page, seen } = main;
const turn = () => page.locator(".turn").last();

await step("opens", async () => {
  await page.locator(".welcome").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "", "the token stays in the address");
  await picture(page, "welcome");
  const bytes = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((sum, e) => sum + e.transferSize, 0),
  );
  assert.ok(bytes > 50_000 && bytes <= 150_000, `${bytes} bytes`);
  return `${bytes} bytes were transferred`;
});

await step("paints", async () => {
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
  return `first contentful paint in a new profile, median: ${await median(PAGE)} ms; of one paragraph: ${floor} ms`;
});

await step("prompt", async () => {
  await say(page, "hello there");
  await turn().getByText("Hello from the scripted model.").waitFor();
  await idle(page);
  await page.locator("#title", { hasText: "hello there" }).waitFor();
});

await step("streams", async () => {
  await say(page, "stream it");
  await turn().locator("h3", { hasText: "First part" }).waitFor();
  await turn().getByText("the **first").waitFor();
  await page.keyboard.press("Escape");
  await turn().getByText("Stopped.").waitFor();
  await idle(page);
});

await step("tool row, changes, markdown", async () => {
  await say(page, "fix the sum");
  await turn().locator("table").waitFor();
  await idle(page);
  const command = turn().locator(".tool", { hasText: "cat sum.py" });
  assert.match(await command.getAttribute("class"), /done/);
  await command.locator("summary").click();
  await command.locator(".output", { hasText: "looking" }).waitFor();
  await turn().locator(".changes .path", { hasText: "sum.py" }).waitFor();
  assert.equal(await turn().locator("figure.code code").innerText(), "def total(numbers):\n    result = 0\n    for n in numbers:\n        result += n\n    return result");
  assert.equal(await turn().locator("ol > li").count(), 2);
  assert.equal(await turn().locator("ol ul > li").count(), 2);
  assert.match(file("sum.py"), /result = 0/);
});

await step("diff and undo", async () => {
  const changes = turn().locator(".changes");
  if (!(await changes.getByRole("button", { name: "Undo" }).isVisible())) return "this server has no undo";
  await changes.locator("summary").click();
  await changes.locator(".minus .line", { hasText: "result = 1" }).waitFor();
  await changes.locator(".plus .line", { hasText: "result = 0" }).waitFor();
  await picture(page, "light");
  await changes.getByRole("button", { name: "Undo" }).click();
  await changes.getByText("undone").waitFor();
  assert.match(file("sum.py"), /result = 1/);
  await changes.getByRole("button", { name: "Redo" }).click();
  await changes.getByRole("button", { name: "Undo" }).waitFor();
  assert.match(file("sum.py"), /result = 0/);
});

await step("question", async () => {
  await say(page, "ask me");
  const card = page.locator(".ask");
  await card.locator("strong", { hasText: "colour" }).waitFor();
  await picture(page, "question");
  await card.getByRole("button", { name: "blue" }).click();
  await turn().getByText("Noted.").waitFor();
  await card.waitFor({ state: "detached" });
  await idle(page);
});

await step("approval", async () => {
  if (!(await page.locator("#mode").isVisible())) return "this server has no approvals";
  await page.locator("#mode").selectOption("ask");
  await say(page, "fix it again");
  const card = page.locator(".ask");
  await card.locator(".command", { hasText: "cat sum.py" }).waitFor();
  await picture(page, "approval-command");
  await page.locator(".ask:focus").press("s");
  await turn().getByText(/You allowed .* for this session/).waitFor();
  await card.getByRole("button", { name: "Allow", exact: true }).click();
  await idle(page);
  await say(page, "spoil it");
  await card.locator(".minus .line", { hasText: "result += n" }).waitFor();
  await card.locator(".plus .line", { hasText: "result -= n" }).waitFor();
  await picture(page, "approval-edit");
  await card.getByLabel("Reason for denying").fill("not on a Friday");
  await card.getByRole("button", { name: /Deny/ }).click();
  await turn().getByText("You denied it: not on a Friday").waitFor();
  await idle(page);
  assert.match(file("sum.py"), /result \+=/);
  await page.locator("#mode").selectOption("auto");
});

await step("a second tab sees and answers, a reload does not", async () => {
  await say(page, "ask once more");
  await page.locator(".ask").waitFor();
  const session = await page.evaluate(() => location.hash);
  await page.reload();
  await page.locator(".ask").waitFor();
  const other = await open(`${PAGE}&${session.slice(1)}`);
  await other.page.locator(".ask").getByRole("button", { name: "red" }).click();
  await page.locator(".ask").waitFor({ state: "detached" });
  for (const tab of [page, other.page]) await tab.locator(".turn").last().getByText("Noted.").waitFor();
  assert.deepEqual(other.seen.errors, []);
  await other.close();
  await idle(page);
});

await step("stop in a command", async () => {
  await say(page, "run for long");
  await turn().locator(".tool.running .output", { hasText: "begun" }).waitFor();
  await picture(page, "running");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await turn().getByText("Stopped.").waitFor();
  await idle(page);
});

await step("task and collect", async () => {
  const side = page.locator("#tasks");
  await side.getByText("Delegate a task").click();
  await side.getByLabel("What the task shall do").fill("summarise the notes");
  await side.getByLabel("Files it gets a copy of").fill("notes.txt");
  await side.getByRole("button", { name: "Start" }).click();
  const card = side.locator(".task[data-state=finished]");
  await card.getByText("summary.txt is there").waitFor();
  await card.getByRole("button", { name: "Collect" }).click();
  await page.locator(".toast", { hasText: "Retrieved summary.txt" }).waitFor();
  assert.equal(file("summary.txt"), "Short.\n");
  await picture(page, "task");
});

await step("hostile text stays text", async () => {
  await say(page, "show me");
  await turn().getByText("Shown.").waitFor();
  await idle(page);
  const text = await turn().innerText();
  for (const part of ['<img src="/broken.png" onerror="window.broken=1">', "<b>b</b>", "⟨U+202E⟩gnp.exe", "<style>*{display:none}</style>", "<svg onload=window.broken=1>"])
    assert.ok(text.includes(part), part);
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.equal(await turn().locator("img, script, style, svg, b, iframe").count(), 0);
  assert.deepEqual(await turn().locator("a").evaluateAll((all) => all.map((a) => a.protocol)), ["http:", "https:"]);
  await turn().locator(".tool", { hasText: "printf" }).locator("summary").click();
  const output = await turn().locator(".tool", { hasText: "printf" }).locator(".output").innerText();
  assert.match(output, /<b>bold<\/b>red ⟨U\+202E⟩gnp/);
  assert.deepEqual(seen.foreign, []);
  await picture(page, "hostile");
});

await step("Markdown that streams is what it is as a whole", async () => {
  const different = await page.evaluate(async () => {
    const { Prose } = await import("/js/prose.js");
    const { markdown } = await import("/js/markdown.js");
    const lines = ["# a", "text *b* `c`", "", "- one", "  - two", "", "  more", "1. x", "```js", "const a = `1`;", "```", "> q", "| a | b |", "|---|---|", "| 1 | `2 | 3` |", "---", "~~~", "  ```", "**open", "[l](https://e.org", "\\", "<b>", "    deep", "* ", "2) y"];
    let seed = 7;
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    const frame = () => new Promise(requestAnimationFrame);
    const found = [];
    for (let round = 0; round < 60; round++) {
      const text = Array.from({ length: 2 + random(14) }, () => lines[random(lines.length)]).join("\n") + (random(2) ? "\n" : "");
      const whole = document.createElement("div");
      markdown(whole, text);
      const prose = new Prose();
      for (let at = 0; at < text.length; ) {
        const piece = text.slice(at, (at += 1 + random(12)));
        prose.add(piece);
        if (random(2)) await frame();
      }
      prose.set(text);
      const open = prose.node.querySelector(":scope > .open");
      open.replaceWith(...open.childNodes);
      if (prose.node.innerHTML !== whole.innerHTML) found.push({ text, streamed: prose.node.innerHTML, whole: whole.innerHTML });
    }
    return found.slice(0, 2);
  });
  assert.deepEqual(different, []);
});

await step("long and nasty text does not hang the page", async () => {
  const figures = await page.evaluate(async () => {
    const { Prose } = await import("/js/prose.js");
    const { markdown } = await import("/js/markdown.js");
    const { output, plain } = await import("/js/dom.js");
    const times = {};
    const time = (name, run) => {
      const begun = performance.now();
      run();
      times[name] = Math.round(performance.now() - begun);
    };
    for (const part of ["*", "_a ", "[", "![](", "`", "``a`", "> ", "- ", "| a ", "<", "a\\\n", "~~~\n", "http://", "[a](b", "**a *b "])
      for (const end of ["", "\n"]) time(JSON.stringify(part + end), () => markdown(document.createElement("div"), (part + end).repeat(20000)));
    time("escapes", () => output("\u001b[".repeat(50000) + "\r".repeat(50000) + "\u001b]0;".repeat(20000)) + plain("\r".repeat(50000)));
    const prose = new Prose();
    document.body.append(prose.node);
    let longest = 0;
    let last = performance.now();
    let sent = 0;
    await new Promise((done) => {
      const tick = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        for (let i = 0; i < 200 && sent < 20000; i++) prose.add(sent++ % 60 ? "word " : "\n\n- an *item* with `code`\n\n");
        if (sent < 20000) requestAnimationFrame(tick);
        else done();
      };
      tick();
    });
    prose.node.remove();
    const worst = Object.entries(times).sort((a, b) => b[1] - a[1]).slice(0, 3);
    return { worst, longest: Math.round(longest) };
  });
  for (const [name, ms] of figures.worst) assert.ok(ms < 10_000, `${name}: ${ms} ms`);
  return `worst of 20,000 repeats: ${JSON.stringify(figures.worst)} ms; 20,000 deltas: longest frame ${figures.longest} ms`;
});

await step("reload resumes", async () => {
  const before = await page.locator(".turn").count();
  await page.reload();
  await page.locator(".turn").nth(before - 1).waitFor();
  assert.equal(await page.locator(".turn").count(), before);
  await page.locator(".turn").first().getByText("Hello from the scripted model.").waitFor();
  await page.locator(".sessions .here").waitFor();
  await page.locator(".plot rect").first().waitFor();
  await picture(page, "reloaded");
});

await step("rewind", async () => {
  await say(page, "hello again");
  await turn().getByText("Hello from the scripted model.").waitFor();
  await idle(page);
  await turn().locator(".said").hover();
  await turn().getByRole("button", { name: "Go back" }).click();
  await page.locator(".turn.rewound").waitFor();
  await page.getByRole("button", { name: "Bring it back" }).click();
  await page.locator(".turn.rewound").waitFor({ state: "detached" });
});

await step("another session and back", async () => {
  await page.keyboard.press("Alt+n");
  await page.locator(".welcome").waitFor();
  await say(page, "list the files");
  await turn().getByText("Listed.").waitFor();
  await page.locator(".session", { hasText: "hello there" }).click();
  await page.locator(".turn").first().getByText("Hello from the scripted model.").waitFor();
  assert.equal(await page.locator("#title").innerText(), "hello there");
});

const session = await page.evaluate(() => location.hash.slice(1));

await step("dark", async () => {
  const dark = await open(`${PAGE}&${session}`, { colorScheme: "dark" });
  await dark.page.locator(".plot rect").first().waitFor();
  await dark.page.locator(".changes").first().scrollIntoViewIfNeeded();
  await dark.page.locator(".changes summary").first().click().catch(() => {});
  await picture(dark.page, "dark");
  assert.deepEqual(dark.seen.errors, []);
  await dark.close();
});

for (const colorScheme of ["light", "dark"])
  await step(`390 px wide, ${colorScheme}`, async () => {
    const phone = await open(`${PAGE}&${session}`, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme });
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

await step("everything has a name", async () => {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, textarea, select, summary, [role=region]")]
      .filter((e) => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim() || e.getAttribute("aria-labelledby")))
      .map((e) => e.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, []);
});

await step("nothing went wrong in the page", async () => {
  assert.deepEqual(seen.errors, []);
  assert.deepEqual(seen.foreign, []);
});

await step("without the token there is nothing", async () => {
  const bare = await open(`${origin}/`);
  await bare.page.locator("#lost").waitFor();
  assert.equal(await bare.page.locator(".session").count(), 0);
  await bare.close();
});

await browser.close();
