// The output of models, files and commands is shown as text, whatever it contains.
import assert from "node:assert/strict";
import { idle, picture, say, step } from "./browser.mjs";

export async function text(tab) {
  const { page, seen, turn } = tab;

  await step(tab, "hostile text stays text", async () => {
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

  await step(tab, "hostile names stay text", async () => {
    const name = "<img src=/x onerror=window.broken=1> \u202egnp";
    const safe = "<img src=/x onerror=window.broken=1> ⟨U+202E⟩gnp";
    const before = await page.evaluate(() => location.hash);
    await page.keyboard.press("Alt+n");
    await page.locator(".welcome").waitFor();
    await page.locator("#mode").selectOption("ask");
    await say(page, `show ${name}`);
    const ask = page.locator(".ask");
    await ask.getByText("a<img src=x>|b.txt").first().waitFor();
    await ask.getByRole("button", { name: "Allow", exact: true }).click();
    await ask.locator(".command", { hasText: "printf '<b>bold</b>" }).waitFor();
    await page.locator("#title", { hasText: safe }).waitFor();
    await page.locator(".here .session-title", { hasText: safe }).waitFor();
    assert.ok((await page.title()).includes(safe));
    await page.locator("#tasks").getByText("Delegate a task").click();
    await page.getByLabel("What the task shall do").fill(`show ${name}`);
    await page.locator("#tasks").getByRole("button", { name: "Start" }).click();
    await page.locator(".task-name", { hasText: safe }).waitFor();
    await page.locator(".ask .whose", { hasText: `Task: show ${safe}` }).waitFor();
    await page.locator(".task", { hasText: safe }).getByRole("button", { name: "Cancel" }).click();
    await page.locator(".task[data-state=cancelled]", { hasText: safe }).getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await idle(page);
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.locator("img, script:not([src]), iframe").count(), 0);
    await page.evaluate((hash) => (location.hash = hash), before);
    await page.locator("#title", { hasText: "hello there" }).waitFor();
    await page.locator(".turn").nth(3).waitFor();
  });

  await step(tab, "an approval names each file, also what is no patch", async () => {
    const shown = await page.evaluate(async () => {
      const { Asks } = await import("/js/asks.js");
      const withdrawal = new AbortController();
      const asks = new Asks({ asking() {}, nameOf: () => "", session: "s" });
      const changes = [
        { path: "out/a.txt", patch: "--- /dev/null\n+++ b/out/a.txt\n@@ -0,0 +1 @@\n+new\n" },
        { path: "out/l\u202eink", patch: "a link\n" },
      ];
      const asked = asks.ask("agent/requestApproval", { requestKey: "named", sessionId: "s", title: "Collect out", options: ["deny"], changes }, withdrawal.signal);
      const text = document.querySelector("#asks .ask:last-child .ask-changes").innerText;
      withdrawal.abort();
      await asked.catch(() => {});
      return text.split(/\s*\n\s*/);
    });
    for (const part of ["out/a.txt", "out/l⟨U+202E⟩ink", "a link"]) assert.ok(shown.includes(part), `${part} in ${JSON.stringify(shown)}`);
  });

  await step(tab, "a patch hides none of its lines", async () => {
    const shown = await page.evaluate(async () => {
      const { patches } = await import("/js/diff.js");
      const lines = ["diff --git a/x b/x", "--- a/x", "+++ b/x", "@@ -1,5 +1,3 @@", " kept", "--- a/secret", "-@@ -1 +1 @@", "+++ drop;", "-", " end", "\\ No newline at end of file", "--- a/y", "+++ b/y", "@@ -1 +1 @@", "-1", "+2", ""];
      return patches(lines.join("\n")).map(({ path, node }) => [path, ...Array.from(node.querySelectorAll(".plus, .minus, .same, .note"), (row) => row.querySelector(".sign").textContent + row.querySelector(".line").textContent)]);
    });
    assert.deepEqual(shown, [
      ["x", " kept", "--- a/secret", "-@@ -1 +1 @@", "+++ drop;", "- ", " end", "\\ No newline at end of file"],
      ["y", "-1", "+2"],
    ]);
  });

  await step(tab, "Markdown that streams is what it is as a whole", async () => {
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

  await step(tab, "long and nasty text does not hang the page", async () => {
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
}
