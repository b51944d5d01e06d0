// Everyday work on the page.
import assert from "node:assert/strict";
import { file, idle, open, picture, say, server, step, wrong, writeWrong } from "./browser.mjs";

export async function work(tab) {
  const { page, turn } = tab;

  await step(tab, "prompt", async () => {
    await say(page, "hello there");
    await turn().getByText("Hello from the scripted model.").waitFor();
    await idle(page);
    await page.locator("#title", { hasText: "hello there" }).waitFor();
  });

  await step(tab, "streams", async () => {
    await say(page, "stream it");
    await turn().locator("h3", { hasText: "First part" }).waitFor();
    await turn().getByText("the **first").waitFor();
    await page.keyboard.press("Escape");
    await turn().getByText("Stopped.").waitFor();
    await idle(page);
  });

  await step(tab, "tool row, changes, markdown", async () => {
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

  await step(tab, "diff and undo", async () => {
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

  await step(tab, "question", async () => {
    await say(page, "ask me");
    const card = page.locator(".ask");
    await card.locator("strong", { hasText: "colour" }).waitFor();
    await picture(page, "question");
    await card.getByRole("button", { name: "blue" }).click();
    await turn().getByText("Noted.").waitFor();
    await card.waitFor({ state: "detached" });
    await idle(page);
  });

  await step(tab, "approves an edit, and undoes it", async () => {
    writeWrong();
    await page.locator("#mode").selectOption("ask");
    await say(page, "fix it again");
    const card = page.locator(".ask");
    await card.locator(".command", { hasText: "cat sum.py" }).waitFor();
    await picture(page, "approval-command");
    await page.keyboard.press("Alt+a");
    await page.locator(".ask.hearing:focus").press("s");
    await turn().getByText(/You allowed .* for this session/).waitFor();
    await card.locator(".minus .line", { hasText: "result = 1" }).waitFor();
    await card.locator(".plus .line", { hasText: "result = 0" }).waitFor();
    assert.equal(file("sum.py"), wrong, "it was written before it was allowed");
    await picture(page, "approval-edit");
    await card.getByRole("button", { name: "Allow", exact: true }).click();
    await idle(page);
    const changes = turn().locator(".changes");
    await changes.locator("summary").click();
    await changes.locator(".plus .line", { hasText: "result = 0" }).waitFor();
    assert.match(file("sum.py"), /result = 0/);
    await changes.getByRole("button", { name: "Undo" }).click();
    await changes.getByText("undone").waitFor();
    assert.equal(file("sum.py"), wrong);
    await changes.getByRole("button", { name: "Redo" }).click();
    await changes.getByRole("button", { name: "Undo" }).waitFor();
  });

  await step(tab, "typing through a question decides nothing, and nothing of it is lost", async () => {
    await page.locator("#mode").selectOption("ask");
    await say(page, "spoil it");
    const card = page.locator(".ask");
    await page.keyboard.type("a sad xylophone ", { delay: 15 });
    await card.waitFor();
    await page.keyboard.type("as dad", { delay: 15 });
    assert.equal(await page.locator("#prompt").inputValue(), "a sad xylophone as dad");
    assert.equal(await page.evaluate(() => document.activeElement.id), "prompt", "the page has moved the focus");
    await page.locator(".ask.armed").waitFor();
    await page.keyboard.type("x", { delay: 15 });
    await page.keyboard.press("Escape"); // does not stop the turn while the message has text
    await page.keyboard.press("Alt+a");
    await page.locator(".ask:focus").press("a"); // and so this key is text
    await page.keyboard.press("d");
    assert.equal(await page.locator("#prompt").inputValue(), "a sad xylophone as dadxad");
    await picture(page, "typing");
    await page.locator("#prompt").fill("");
    await page.keyboard.press("Alt+a");
    await page.locator(".ask.hearing:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    for (let i = 0; i < 20; i++) await page.keyboard.down("Enter"); // held down
    await page.keyboard.up("Enter");
    await page.locator(".ask.hearing:focus").waitFor();
    await page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true, repeat: true })));
    assert.equal(await page.locator("#prompt").inputValue(), "a", "a repeated key is text");
    await page.locator("#prompt").fill("");
    await page.keyboard.press("Alt+a");
    assert.equal(await card.count(), 1, "something has decided");
    await page.locator(".ask.hearing:focus").press("d");
    await turn().getByText("You denied it.").waitFor();
    await idle(page);
    assert.match(file("sum.py"), /result \+=/);
  });

  await step(tab, "a button that has just appeared, or moved, is not pressed", async () => {
    await say(page, "spoil it");
    const allow = page.locator(".ask").getByRole("button", { name: "Allow", exact: true });
    // The click was meant for what was at this place before.
    await page.waitForFunction(() => {
      const button = document.querySelector(".ask [data-decides].primary");
      button?.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
      button?.click();
      return button;
    });
    await page.locator(".ask.armed").waitFor();
    await page.evaluate(() => {
      document.querySelector("#asks").style.paddingBottom = "60px"; // as another card would
      document.querySelector(".ask [data-decides].primary").click();
    });
    assert.equal(await page.locator(".ask.armed").count(), 0, "it has moved and is still armed");
    await page.evaluate(() => (document.querySelector("#asks").style.paddingBottom = ""));
    await page.locator(".ask.armed").waitFor();
    // The second click of a double click and a repeated Enter decide nothing.
    await allow.evaluate((button) => button.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 2 })));
    await allow.focus();
    await allow.evaluate((button) => button.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, repeat: true })));
    assert.equal(await page.locator(".ask").count(), 1, "something has decided");
    const deny = page.locator(".ask").getByRole("button", { name: /Deny/ });
    await deny.focus();
    await page.locator(".ask.armed").waitFor();
    await page.waitForTimeout(1100); // a second without typing
    await page.keyboard.press("Enter");
    await turn().getByText("You denied it.").waitFor();
    await idle(page);
    assert.match(file("sum.py"), /result \+=/);
  });

  await step(tab, "a long command says where it is cut, and shows all", async () => {
    await say(page, "long command");
    const note = page.locator(".ask .cut", { hasText: /Cut here: \d+ rows more below/ });
    await note.waitFor();
    await picture(page, "cut");
    await page.locator(".ask .command").evaluate((box) => (box.scrollTop = box.scrollHeight));
    await page.locator(".ask .cut", { hasText: /The end; \d+ rows are above/ }).waitFor();
    await page.locator(".ask .cut").getByRole("button", { name: "Show all" }).click();
    await page.locator(".ask .cut", { hasText: "This is all of it." }).waitFor();
    await page.locator(".ask.armed").waitFor();
    await page.locator(".ask").getByRole("button", { name: /Deny/ }).click();
    await turn().getByText("You denied it.").waitFor();
    await idle(page);
  });

  await step(tab, "denies an edit, with a reason", async () => {
    await say(page, "spoil it");
    const card = page.locator(".ask");
    await card.locator(".plus .line", { hasText: "result -= n" }).waitFor();
    assert.match(await page.title(), /^\(\?\) /);
    await card.getByLabel("Reason for denying").fill("not on a Friday");
    await card.getByRole("button", { name: /Deny/ }).click();
    await turn().getByText("You denied it: not on a Friday").waitFor();
    await turn().locator(".tool .meta", { hasText: "not run" }).waitFor();
    await idle(page);
    assert.match(file("sum.py"), /result \+=/);
    await page.locator("#mode").selectOption("auto");
  });

  await step(tab, "a second tab sees and answers, a reload does not", async () => {
    await say(page, "ask once more");
    await page.locator(".ask").waitFor();
    const session = await page.evaluate(() => location.hash);
    await page.reload();
    await page.locator(".ask").waitFor();
    const other = await open(`${server.url}&${session.slice(1)}`);
    await other.page.locator(".ask").getByRole("button", { name: "red" }).click();
    await page.locator(".ask").waitFor({ state: "detached" });
    for (const tab of [page, other.page]) await tab.locator(".turn").last().getByText("Noted.").waitFor();
    assert.deepEqual(other.seen.errors, []);
    await other.close();
    await idle(page);
  });

  await step(tab, "stop in a command", async () => {
    await say(page, "run for long");
    await turn().locator(".tool.running .output", { hasText: "begun" }).waitFor();
    await picture(page, "running");
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await turn().getByText("Stopped.").waitFor();
    await idle(page);
  });

  await step(tab, "task and collect", async () => {
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

  await step(tab, "what is older than what is known of a task is dropped", async () => {
    const states = await page.evaluate(async () => {
      const { Tasks } = await import("/js/tasks.js");
      const told = (revision, state) => ({ taskId: "t", name: "n", state, revision, startedAt: new Date().toISOString(), steps: 0, usage: { inputTokens: 0, outputTokens: 0 }, changes: [] });
      const side = document.getElementById("tasks");
      const before = [...side.children];
      let answer;
      const tasks = new Tasks({ can: () => true, call: () => new Promise((resolve) => (answer = resolve)) });
      const own = [...side.children].filter((node) => !before.includes(node));
      const card = () => own.map((node) => node.querySelector?.(".task")).find(Boolean)?.dataset.state;
      const states = [];
      tasks.changed(told(2, "finished"));
      tasks.changed(told(1, "running"));
      states.push(card());
      tasks.changed(told(3, "running"));
      states.push(card());
      tasks.lost();
      tasks.changed(told(1, "cancelled"));
      states.push(card());
      const listed = tasks.refresh();
      tasks.changed({ ...told(1, "running"), taskId: "new" });
      answer({ tasks: [] });
      await listed;
      states.push(card());
      for (const node of own) node.remove();
      return states;
    });
    assert.deepEqual(states, ["finished", "running", "cancelled", "running"]);
  });

  await step(tab, "reload resumes", async () => {
    const before = await page.locator(".turn").count();
    await page.reload();
    await page.locator(".turn").nth(before - 1).waitFor();
    assert.equal(await page.locator(".turn").count(), before);
    await page.locator(".turn").first().getByText("Hello from the scripted model.").waitFor();
    await page.locator(".sessions .here").waitFor();
    await page.locator(".plot rect").first().waitFor();
    await picture(page, "reloaded");
  });

  await step(tab, "rewind", async () => {
    await say(page, "hello again");
    await turn().getByText("Hello from the scripted model.").waitFor();
    await idle(page);
    await turn().locator(".said").hover();
    await turn().getByRole("button", { name: "Go back" }).click();
    await page.locator(".turn.rewound").waitFor();
    await page.getByRole("button", { name: "Bring it back" }).click();
    await page.locator(".turn.rewound").waitFor({ state: "detached" });
  });

  await step(tab, "another session and back", async () => {
    await page.keyboard.press("Alt+n");
    await page.locator(".welcome").waitFor();
    await say(page, "list the files");
    await turn().getByText("Listed.").waitFor();
    await page.locator(".session", { hasText: "hello there" }).click();
    await page.locator(".turn").first().getByText("Hello from the scripted model.").waitFor();
    assert.equal(await page.locator("#title").innerText(), "hello there");
  });

  await step(tab, "the mode is that of the session, and of the one to come", async () => {
    const mode = page.locator("#mode");
    await page.keyboard.press("Alt+n");
    await page.locator(".welcome").waitFor();
    assert.equal(await mode.inputValue(), "auto", "a new session's, in a sandbox");
    await mode.selectOption("plan");
    await say(page, "hello plan");
    await turn().getByText("Hello from the scripted model.").waitFor();
    await page.reload();
    await turn().getByText("Hello from the scripted model.").waitFor();
    assert.equal(await mode.inputValue(), "plan");
    await page.locator(".session", { hasText: "hello there" }).click();
    await page.locator("#title", { hasText: "hello there" }).waitFor();
    await page.locator(".turn").nth(3).waitFor();
    assert.equal(await mode.inputValue(), "auto");
  });

  await step(tab, "by the keyboard alone", async () => {
    const focused = (selector) => page.waitForFunction((s) => document.activeElement.matches(s), selector);
    await page.locator("#talk").focus();
    await page.keyboard.press("?");
    await page.locator("#help[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#help[open]").waitFor({ state: "hidden" });
    await page.locator("#talk").focus();
    await page.keyboard.press("/");
    await focused("#prompt");
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.locator("#prompt").inputValue(), "hello again", "what was said before the reload");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("ask me\u0020again");
    await page.keyboard.press("Enter");
    await page.locator(".ask.armed").waitFor();
    await focused("#prompt");
    await page.keyboard.press("Alt+a");
    await focused(".ask");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // the first choice
    await turn().getByText("Noted.").waitFor();
    await idle(page);
    await page.keyboard.type("run for long");
    await page.keyboard.press("Enter");
    await turn().locator(".tool.running .output", { hasText: "begun" }).waitFor();
    assert.match(await page.title(), /^● /);
    await page.keyboard.press("Escape");
    await turn().getByText("Stopped.").waitFor();
    await idle(page);
  });
}
