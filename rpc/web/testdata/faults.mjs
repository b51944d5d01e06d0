// A server that is killed and restarted, one without a model, and a slow connection.
import assert from "node:assert/strict";
import { file, idle, killServer, open, picture, program, say, server, step, writeWrong } from "./browser.mjs";

export async function faults(tab) {
  await step(tab, "the server is killed in a command, and comes back", async () => {
    const { page } = tab;
    await page.keyboard.press("Alt+n");
    await page.locator(".welcome").waitFor();
    await say(page, "run for long");
    await tab.turn().locator(".tool.running .output", { hasText: "begun" }).waitFor();
    await killServer();
    await page.getByText("The connection to Pygent is lost.").waitFor();
    const back = await open();
    await back.page.locator(".session", { hasText: "hello there" }).waitFor();
    await back.page.locator(".session", { hasText: "run for long" }).click();
    await back.turn().getByText("The server ended in the middle of this turn.").waitFor();
    await back.turn().locator(".tool.failed", { hasText: "begun" }).waitFor();
    await picture(back.page, "interrupted");
    await say(back.page, "hello once more");
    await back.turn().getByText("Hello from the scripted model.").waitFor();
    await back.page.locator(".session", { hasText: "hello there" }).click();
    await back.page.locator(".turn").first().getByText("Hello from the scripted model.").waitFor();
    await back.page.locator(".changes").first().getByRole("button", { name: "Undo" }).waitFor();
    assert.deepEqual(back.seen.errors, []);
    await back.close();
  });

  const one = await open();
  await step(one, "a task's approval is there after a reload, and the task goes on", async () => {
    const { page } = one;
    writeWrong();
    await page.locator("#mode").selectOption("ask");
    await delegate(page, "fix the sum", "sum.py");
    const card = page.locator(".ask", { hasText: "Task: fix the sum" });
    await card.locator(".command", { hasText: "cat sum.py" }).waitFor();
    await page.reload();
    await card.locator(".command", { hasText: "cat sum.py" }).waitFor();
    await picture(page, "task-approval");
    await card.getByRole("button", { name: "Allow", exact: true }).click();
    await card.locator(".plus .line", { hasText: "result = 0" }).waitFor();
    await page.reload();
    await card.getByRole("button", { name: "Allow", exact: true }).click();
    await page.locator(".task[data-state=finished]", { hasText: "started at" }).waitFor();
    assert.match(file("sum.py"), /result = 1/, "the task has a copy");
    await page.locator(".task", { hasText: "fix the sum" }).getByRole("button", { name: "Collect" }).click();
    await page.locator(".toast", { hasText: "Retrieved sum.py" }).waitFor();
    assert.match(file("sum.py"), /result = 0/);
  });

  await step(one, "what a killed server had asked is answered, and goes on", async () => {
    const { page } = one;
    writeWrong();
    await delegate(page, "write it down", "notes.txt");
    await page.locator(".ask", { hasText: "Task: write it down" }).waitFor();
    await say(page, "fix the sum");
    await page.locator(".ask .command", { hasText: "cat sum.py" }).waitFor();
    const session = await page.evaluate(() => location.hash.slice(1));
    await killServer();
    const back = await open(`${server.url}&${session}`);
    const asks = back.page.locator(".ask");
    await asks.nth(1).waitFor();
    assert.equal(await asks.count(), 2);
    await picture(back.page, "asked-again");
    await back.page.reload();
    await asks.nth(1).waitFor();
    const other = await open(`${server.url}&${session}`);
    await other.page.locator(".ask").nth(1).waitFor();
    await asks.filter({ hasText: "Task: write it down" }).getByRole("button", { name: "Allow", exact: true }).click();
    await back.page.locator(".task[data-state=finished]", { hasText: "It is written." }).waitFor();
    await asks.filter({ hasText: "cat sum.py" }).getByRole("button", { name: "Allow", exact: true }).click();
    await asks.locator(".plus .line", { hasText: "result = 0" }).waitFor();
    await other.page.locator(".ask").getByRole("button", { name: "Allow", exact: true }).click();
    for (const at of [back, other]) {
      await at.turn().locator("table").waitFor();
      await idle(at.page);
      assert.equal(await at.page.locator(".ask").count(), 0);
      assert.deepEqual(at.seen.errors, []);
      await at.page.locator(".task[data-state=finished]", { hasText: "It is written." }).waitFor();
    }
    assert.match(file("sum.py"), /result = 0/);
    await other.close();
    await back.close();
  });
  await one.close();

  await step(tab, "events that come while older ones are read wait for them", async () => {
    const bare = await open(`${server.origin}/`);
    const shown = await bare.page.evaluate(async () => {
      const { Talk } = await import("/js/talk.js");
      const nothing = () => {};
      const event = (seq, turnId, kind, more) => ({ seq, turnId, kind, time: new Date().toISOString(), ...more });
      const said = (seq, turnId, text) => event(seq, turnId, "message", { role: "user", text });
      let arrive;
      const app = {
        session: "s", can: () => false, said: nothing, used: nothing,
        running: (is) => (app.isRunning = is),
        call: () => new Promise((done) => (arrive = (...events) => done({ events, more: false }))),
      };
      const talk = new Talk(app);
      const texts = () => [...document.querySelectorAll("#talk .bubble, #talk .notice")].map((e) => e.textContent);
      talk.clear();
      talk.hold(); // the session is being resumed, and a turn starts
      talk.take(event(5, "t2", "turnStarted"));
      talk.take(said(6, "t2", "second"));
      const loaded = talk.load("s", { state: "idle", lastSeq: 4 });
      talk.take(said(7, "t2", "third"));
      arrive(event(1, "t1", "turnStarted"), said(2, "t1", "first"), event(5, "t2", "turnStarted"));
      await loaded;
      const one = { texts: texts(), running: app.isRunning };
      const stale = talk.load("s", { state: "idle", lastSeq: 7 }); // another session is opened meanwhile
      const answer = arrive;
      talk.clear();
      talk.hold();
      app.session = "other";
      talk.take(said(9, "t9", "later"));
      const fresh = talk.load("other", { state: "running", lastSeq: 9 });
      answer(said(8, "t1", "of the other session"));
      await stale;
      talk.take(said(10, "t9", "last"));
      arrive(event(8, "t9", "turnStarted"));
      await fresh;
      return [one, { texts: texts(), running: app.isRunning }];
    });
    assert.deepEqual(shown, [
      { texts: ["first", "The server ended in the middle of this turn.", "second", "third"], running: true },
      { texts: ["later", "last"], running: true },
    ]);
    await bare.close();
  });

  await step(tab, "without a model it says what to set", async () => {
    const bare = await open(await program("bare"));
    await bare.page.getByText(/OPENAI_API_KEY.*pygent demo/).first().waitFor();
    await picture(bare.page, "no-model");
    await say(bare.page, "hello there");
    await bare.page.locator(".toast", { hasText: "OPENAI_API_KEY" }).waitFor();
    assert.equal(await bare.page.getByLabel("Message to Pygent").inputValue(), "hello there");
    assert.equal(await bare.page.locator(".session").count(), 0, "a session was made for nothing");
    await bare.close();
  });
}

async function delegate(page, prompt, files) {
  const side = page.locator("#tasks");
  await side.getByText("Delegate a task").click();
  await side.getByLabel("What the task shall do").fill(prompt);
  await side.getByLabel("Files it gets a copy of").fill(files);
  await side.getByRole("button", { name: "Start" }).click();
}
