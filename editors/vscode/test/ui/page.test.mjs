// The panel's page alone: many events, and requests that wait for the user.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { picture, startBrowser } from "../lib/browser.mjs";
import { event, openPage, state } from "../lib/page.mjs";

describe("the page", { concurrency: false }, () => {
  let browser, panel;

  before(async () => {
    browser = await startBrowser();
    panel = await openPage(browser);
  });
  after(async () => {
    await panel?.close();
    await browser?.close();
  });

  // One long paragraph, prose in blocks, and one long code block: each is rendered differently.
  for (const [name, delta] of [
    ["prose", (i) => (i % 40 === 39 ? "word.\n\n" : "some `word` ")],
    ["one paragraph", () => "word "],
    ["one code block", (i) => (i === 0 ? "```go\n" : i % 8 === 7 ? "x := 1\n" : "func ")],
  ]) {
    test(`20,000 deltas of ${name} are drawn in small pieces`, async () => {
      const { page, post } = panel;
      await post({ type: "reset", events: [], cut: false }, { type: "state", state: { ...state, busy: true } });
      await page.evaluate(() => {
        window.longest = 0;
        window.watch?.disconnect();
        window.watch = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
        });
        window.watch.observe({ entryTypes: ["longtask"] });
        // The size of what each frame draws again: it does not depend on the machine's load.
        window.largest = 0;
        window.drawn?.disconnect();
        window.drawn = new MutationObserver(() => {
          window.largest = Math.max(window.largest, document.querySelector(".block.open")?.textContent.length ?? 0);
        });
        window.drawn.observe(document.querySelector("main"), { childList: true, subtree: true });
      });
      const deltas = Array.from({ length: 20_000 }, (_, i) => event({ kind: "textDelta", delta: delta(i) }));
      await page.evaluate(
        async ([begin, all]) => {
          window.postMessage({ type: "events", events: [begin] }, "*");
          for (let i = 0; i < all.length; i += 50) {
            window.postMessage({ type: "events", events: all.slice(i, i + 50) }, "*");
            await new Promise((resolve) => setTimeout(resolve, 4));
          }
        },
        [event({ kind: "turnStarted", seq: 1 }), deltas],
      );
      const text = deltas.map((d) => d.delta).join("");
      await post({
        type: "events",
        events: [
          event({ kind: "message", role: "assistant", text }),
          event({ kind: "turnFinished", status: "completed" }),
        ],
      });
      await page.locator(".turn.ended").waitFor();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100))));
      const [longest, largest] = await page.evaluate(() => [window.longest, window.largest]);
      const noticed = await page.evaluate(async () => {
        const block = () => {
          for (const end = performance.now() + 120; performance.now() < end;);
        };
        setTimeout(block, 0);
        for (let i = 0; i < 500 && window.longest < 100; i++) await new Promise((resolve) => setTimeout(resolve, 10));
        return window.longest;
      });
      assert.ok(noticed >= 100, `what blocks the page is seen by what watches it: ${noticed} ms`);
      console.log(
        `# ${name}: the page was blocked for ${longest || "less than 50"} ms at the most, ${largest} characters were drawn anew`,
      );
      assert.ok(largest > 0 && largest < 18_000, `${largest} characters`);
      assert.ok((await page.locator(".prose").innerText()).length > 10_000);
    });
  }

  test("an approval shows what is hidden in it, the rule it makes, and is answered by keyboard", async () => {
    const { page, post, sent } = panel;
    await post({ type: "reset", events: [], cut: false }, { type: "state", state });
    const approvals = [
      {
        requestKey: "k1",
        sessionId: "s",
        turnId: "t",
        kind: "command",
        title: "Run a command",
        command: "rm \u202e-rf build && go test ./...",
        rule: "go test *",
        options: ["allow", "allowForSession", "deny", "cancelTurn"],
        changes: [
          {
            path: "src/<b>main</b>.go",
            patch: "--- a/src/main.go\n+++ b/src/main.go\n@@ -1,2 +1,2 @@\n package main\n-var a = 1\n+var a = 2\n",
          },
        ],
      },
    ];
    await post({
      type: "asks",
      asks: {
        approvals,
        questions: [{ requestKey: "k2", sessionId: "s", question: "Which one?", options: ["first", "second"] }],
      },
    });
    await page.getByText("rm \\u{202e}-rf build").waitFor();
    await page.getByText("Allow for session covers commands that begin as in go test *").waitFor();
    await page.getByRole("button", { name: "src/<b>main</b>.go" }).click();
    await picture(page, "asks");
    const armed = async () => {
      await page.locator(".ask.armed").nth(1).waitFor();
      await page.waitForTimeout(1100); // nothing is typed for a second
    };
    await armed();
    await page.getByLabel("What to do instead").fill("use make");
    await page.getByLabel("What to do instead").press("Enter");
    await armed();
    await page.getByRole("button", { name: "Allow for session" }).press("Enter");
    await armed();
    await page.getByRole("button", { name: "second" }).press("Space");
    const answers = (await sent()).filter(({ type }) => ["approve", "answer", "preview"].includes(type));
    assert.deepEqual(answers, [
      { type: "preview", key: "k1", path: "src/<b>main</b>.go" },
      { type: "approve", key: "k1", decision: "deny", feedback: "use make" },
      { type: "approve", key: "k1", decision: "allowForSession", feedback: "use make" },
      { type: "answer", key: "k2", answer: "second" },
    ]);
    await post({ type: "asks", asks: { approvals: [], questions: [] } });
    await page.locator(".ask").first().waitFor({ state: "detached" });
  });

  test("the focus goes to what shall be seen, and the page says that a message waits for a pause", async () => {
    const { page, post } = panel;
    const question = (requestKey) => ({ requestKey, sessionId: "s", question: requestKey });
    await post(
      { type: "asks", asks: { approvals: [], questions: [question("k3"), question("k4")] } },
      { type: "showAsk", key: "k4" },
    );
    await page.locator(".ask:focus", { hasText: "k4" }).waitFor();
    await post({ type: "asks", asks: { approvals: [], questions: [] } });
    await post({ type: "state", state: { ...state, server: "waiting", busy: true } });
    await page.getByText("is started again after a pause: your message waits for it").waitFor();
    await post({ type: "state", state });
  });

  test("an approval shows all lines of an edit, also those that look like a file's head", async () => {
    const { page, post } = panel;
    const patch =
      "--- a/a.sql\n+++ b/a.sql\n@@ -1,3 +1,3 @@\n select 1;\n--- a comment\n+++ drop table users;\n-select 2;\n+select 3;\n";
    const ask = {
      requestKey: "k0",
      sessionId: "s",
      turnId: "t",
      kind: "edit",
      title: "Write a.sql",
      options: ["allow"],
    };
    await post({ type: "asks", asks: { approvals: [{ ...ask, changes: [{ path: "a.sql", patch }] }], questions: [] } });
    const text = await page.locator(".patch").innerText();
    for (const line of ["--- a comment", "+++ drop table users;", "-select 2;", "+select 3;"])
      assert.ok(text.includes(line), `${line} is not in ${text}`);
    assert.match(await page.locator(".ask .counts").innerText(), /\+2\s*−2/);
    await post({ type: "asks", asks: { approvals: [], questions: [] } });
  });

  test("of a long session the newest turns are drawn, and the others when they are asked for", async () => {
    const { page, post } = panel;
    const events = Array.from({ length: 120 }, (_, i) => [
      event({ kind: "turnStarted", turnId: `t${i}` }),
      event({ kind: "message", role: "user", text: `say ${i}`, turnId: `t${i}` }),
      event({
        kind: "turnFinished",
        status: "completed",
        turnId: `t${i}`,
        usage: { inputTokens: 10, outputTokens: 1 },
      }),
    ]).flat();
    await post({ type: "state", state }, { type: "reset", events, cut: true });
    await page.getByText("say 119", { exact: true }).waitFor();
    const said = () => page.locator(".said p").allTextContents();
    assert.deepEqual([(await said()).length, (await said())[0]], [50, "say 70"]);
    assert.match(await page.locator(".usage").innerText(), /↑1\.2k/, "all of them count");
    await post({ type: "events", events: [event({ kind: "message", role: "user", text: "one more", turnId: "new" })] });
    const more = page.getByRole("button", { name: "Show earlier turns" });
    await more.click();
    await more.click();
    await more.waitFor({ state: "hidden" });
    assert.deepEqual(await said(), [...Array.from({ length: 120 }, (_, i) => `say ${i}`), "one more"]);
  });

  test("a page that is filled anew knows what was undone", async () => {
    const { page, post } = panel;
    const change = (path) => ({ path, change: "modified", added: 1, removed: 1 });
    const turn = [
      event({ kind: "turnStarted" }),
      event({ kind: "turnFinished", status: "completed", changes: [change("a.go"), change("b.go")] }),
    ];
    const put = (path) => ({ ...event({ kind: "fileChanged", path }), turnId: undefined });
    const undone = (turnId, toTurnId, ...paths) => [...paths.map(put), event({ kind: "reverted", turnId, toTurnId })];
    const fill = (...events) => post({ type: "reset", events: [...turn, ...events], cut: false });
    await fill(...undone("r1", "t", "a.go"));
    await page.getByRole("button", { name: "Take back the undoing of a.go" }).waitFor();
    await page.getByRole("button", { name: "Undo b.go" }).waitFor();
    await fill(...undone("r1", "t", "a.go", "b.go"));
    await page.getByText("2 files put back").waitFor();
    await fill(...undone("r1", "t", "a.go", "b.go"), ...undone("r2", "r1", "a.go", "b.go"));
    await page.getByText("2 files changed").waitFor();
    assert.equal(await page.locator(".turn").count(), 1);
    await post({ type: "reset", events: [], cut: false });
  });

  test("typing through a question decides nothing, and nothing of it is lost", async () => {
    const { page, post, sent } = panel;
    await post({ type: "state", state: { ...state, busy: true } });
    const input = page.getByLabel("Message to Pygent");
    await input.focus();
    const before = (await sent()).length;
    const decided = async () =>
      (await sent()).slice(before).filter(({ type }) => ["approve", "answer", "stop"].includes(type));
    const options = ["allow", "allowForSession", "deny", "cancelTurn"];
    const command = "echo a line\n".repeat(60);
    const ask = { requestKey: "k3", sessionId: "s", turnId: "t", kind: "command", title: "Run", command, options };
    await page.keyboard.type("yes ", { delay: 10 });
    await post({ type: "asks", asks: { approvals: [ask], questions: [] } });
    await page.keyboard.type("and ", { delay: 10 });
    await page.locator(".ask.armed").waitFor();
    await page.keyboard.type("no", { delay: 10 });
    await page.keyboard.press("Escape");
    assert.equal(await input.inputValue(), "yes and no");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "TEXTAREA", "the focus has moved");
    await page.getByText(/Cut here: \d+ rows more below/).waitFor();
    await picture(page, "typing");
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByText("This is all of it.").waitFor();
    // The button has just moved, so the click was meant for what was there before.
    await page.evaluate(() => document.querySelector(".ask button.primary").click());
    await page.locator(".ask.armed").waitFor();
    await page.getByRole("button", { name: "Allow", exact: true }).focus();
    await page.keyboard.type("x ", { delay: 10 }); // the space would press it
    await page.keyboard.press("Enter");
    for (let i = 0; i < 20; i++) await page.keyboard.down("Enter"); // held down
    await page.keyboard.up("Enter");
    await page.evaluate(() => {
      const again = new MouseEvent("click", { bubbles: true, detail: 2 }); // the second of two
      document.querySelector(".ask button.primary").dispatchEvent(again);
    });
    assert.deepEqual(await decided(), []);
    await page.waitForTimeout(1100); // nothing is typed for a second
    await page.keyboard.press("Enter");
    assert.deepEqual(await decided(), [{ type: "approve", key: "k3", decision: "allow" }]);
    await post({ type: "asks", asks: { approvals: [{ ...ask, requestKey: "k5" }], questions: [] } });
    await page.evaluate(() => document.querySelector(".ask button.primary").click());
    assert.equal((await decided()).length, 1, "the next card took the click");
    await post({ type: "asks", asks: { approvals: [], questions: [] } }, { type: "state", state });
    await input.fill("");
  });

  test("everything can be reached by keyboard, and has a name", async () => {
    const { page, post } = panel;
    const code = "```go\nx := 1\n```\n\n[a link](https://example.org)";
    await post(
      { type: "state", state: { ...state, manyFolders: true, busy: true } },
      {
        type: "events",
        events: [
          event({ kind: "turnStarted" }),
          event({ kind: "message", role: "user", text: "do it" }),
          event({ kind: "toolStarted", callId: "c", tool: "bash", title: "Run", detail: "ls", terminal: true }),
          event({ kind: "toolFinished", callId: "c", tool: "bash", text: "$ ls\na\n", exitCode: 0 }),
          event({ kind: "message", role: "assistant", text: code }),
          event({
            kind: "turnFinished",
            status: "failed",
            changes: [
              { path: "a.go", change: "added", added: 1, removed: 0 },
              { path: "b.go", change: "modified", added: 1, removed: 1 },
            ],
          }),
        ],
      },
    );
    await page.locator(".changed").waitFor();
    await page.evaluate(() => document.activeElement.blur());
    const names = new Set();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      names.add(
        await page.evaluate(() => {
          const e = document.activeElement;
          return `${e.tagName}: ${e.ariaLabel || e.textContent.trim() || e.title}`;
        }),
      );
    }
    for (const name of [
      "SUMMARY: Runls",
      "BUTTON: Go back to before this message",
      "PRE: x := 1",
      "BUTTON: Copy code",
      "A: a link",
      "BUTTON: a.go",
      "BUTTON: Undo a.go",
      "BUTTON: Undo",
      "TEXTAREA: Message to Pygent",
      "BUTTON: Attach the editor’s selection or file",
      "BUTTON: project",
      "BUTTON: Ask",
      "BUTTON: default model",
      "BUTTON: Stop (Esc)",
    ])
      assert.ok([...names].includes(name), `${name} is not among ${[...names].join(" | ")}`);
    assert.deepEqual(
      [...names].filter((name) => name.endsWith(": ")),
      [],
      "without a name",
    );
  });

  test("nothing is wider than a panel of 250 pixels", async () => {
    const narrow = await openPage(browser, { width: 250, height: 700 });
    const { page, post } = narrow;
    const changes = [
      { path: "a/very/long/path/to/some/file/that/is/deep.go", change: "modified", added: 120, removed: 33 },
    ];
    await post(
      {
        type: "state",
        state: {
          ...state,
          model: "a-model-with-a-long-name",
          busy: true,
          queue: [{ id: 1, text: "a message that waits for its turn", attachments: [] }],
        },
      },
      {
        type: "events",
        events: [
          event({ kind: "message", role: "user", text: "x".repeat(300) }),
          event({
            kind: "toolStarted",
            callId: "c",
            tool: "bash",
            title: "Run",
            detail: "go test ./... -run TestWithALongName",
            terminal: true,
          }),
          event({
            kind: "toolFinished",
            callId: "c",
            tool: "bash",
            text: "y".repeat(300),
            exitCode: 1,
            durationSeconds: 12,
          }),
          event({
            kind: "message",
            role: "assistant",
            text: `${"z".repeat(200)}\n\n|a|b|c|d|e|f|g|h|\n|-|-|-|-|-|-|-|-|\n|one|two|three|four|five|six|seven|eight|`,
          }),
          event({
            kind: "turnFinished",
            status: "failed",
            changes,
            usage: { inputTokens: 1234567, outputTokens: 98765 },
            error: { code: -31009, message: "the endpoint answered 401" },
          }),
        ],
      },
    );
    await page.locator(".changed").waitFor();
    await picture(page, "narrow");
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll("main, footer, .turn, .turn > *, .bar > *")]
        .filter((e) => e.getBoundingClientRect().right > 250.5)
        .map((e) => e.className),
    );
    assert.deepEqual(wide, []);
    await narrow.close();
  });
});
