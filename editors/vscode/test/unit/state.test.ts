import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Backoff } from "../../src/backoff";
import { findBinary } from "../../src/binary";
import type { Prompt } from "../../src/messages";
import { binaryMissing, ofError, withdrawn, wrongVersion } from "../../src/problems";
import type { Event, InitializeResult, StepResult } from "../../src/protocol";
import { Queue } from "../../src/queue";
import { Transcript } from "../../src/transcript";
import { Turns, type TurnsHost } from "../../src/turns";
import { Blocks } from "../../src/webview/blocks";

const event = (fields: Partial<Event>): Event => ({ sessionId: "s", turnId: "t", time: "", kind: "", ...fields });

test("a server that ends is started later and later, and not for ever", () => {
  let now = 0;
  const backoff = new Backoff(() => now);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => backoff.next()),
    [500, 1000, 2000, 4000, 8000, undefined],
  );
  now += 10 * 60_000;
  assert.equal(backoff.next(), 500, "what is long ago does not count");
});

test("the program: setting, then the extension's, then PATH", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pygent-unit-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const search = { setting: "", extensionPath: "/none", path: `relative:${dir}`, platform: "linux" as const };
  assert.equal(findBinary(search), undefined);
  writeFileSync(join(dir, "pygent"), "");
  assert.equal(findBinary(search), undefined, "not a program");
  chmodSync(join(dir, "pygent"), 0o755);
  assert.deepEqual(findBinary(search), { path: join(dir, "pygent"), source: "PATH" });
  assert.equal(findBinary({ ...search, setting: join(dir, "none") }), undefined, "no other in its place");
  assert.deepEqual(findBinary({ ...search, setting: join(dir, "pygent") })?.source, "setting");
});

test("problems say what to do", () => {
  assert.match(binaryMissing("").detail, /go install/);
  assert.match(binaryMissing("/x").detail, /pygent\.path is “\/x”/);
  assert.deepEqual(
    ofError(-31008, "set OPENAI_API_KEY")?.actions.map((a) => a.command),
    ["pygent.setKey", "pygent.setBaseUrl", "pygent.demo"],
  );
  assert.equal(ofError(-32603, "x"), undefined);
  const answer = (protocolVersion: number, methods: string[]) =>
    ({
      serverInfo: { name: "pygent", version: "9" },
      capabilities: { experimental: { pygent: { protocolVersion, methods } } },
    }) as unknown as InitializeResult;
  const all = ["agent/step", "agent/interrupt", "tasks/start", "tasks/list"];
  assert.equal(wrongVersion("p", answer(1, all)), undefined);
  assert.match(wrongVersion("p", answer(2, all))?.detail ?? "", /speaks version 2/);
  assert.match(wrongVersion("p", answer(1, all.slice(1)))?.detail ?? "", /without agent\/step/);
  assert.match(wrongVersion("p", { capabilities: {} } as unknown as InitializeResult)?.detail ?? "", /does not speak/);
});

test("a transcript merges deltas and lets them go when the whole comes", () => {
  const transcript = new Transcript();
  transcript.add(event({ kind: "turnStarted", seq: 1 }));
  for (const delta of ["a", "b"]) transcript.add(event({ kind: "textDelta", delta }));
  assert.equal(transcript.events[1]?.delta, "ab");
  assert.deepEqual(transcript.openTurn(), { sessionId: "s", turnId: "t" });
  transcript.add(event({ kind: "message", role: "assistant", text: "ab", seq: 2 }));
  assert.equal(
    transcript.add(event({ kind: "message", role: "assistant", text: "ab", seq: 2 })),
    false,
    "known already",
  );
  transcript.add(event({ kind: "turnFinished", seq: 3 }));
  assert.deepEqual(
    transcript.events.map((e) => e.kind),
    ["turnStarted", "message", "turnFinished"],
  );
  assert.equal(transcript.openTurn(), undefined);
});

test("a transcript is bounded, and forgets what was rewound", () => {
  const transcript = new Transcript();
  for (let seq = 1; seq <= 12_000; seq++) transcript.add(event({ kind: "notice", seq, turnId: `t${seq}` }));
  assert.ok(transcript.cut && transcript.events.length <= 5000);
  transcript.add(event({ kind: "rewound", seq: 12_001, turnId: "r", toTurnId: "t11999" }));
  assert.deepEqual(
    transcript.events.slice(-2).map((e) => e.turnId),
    ["t11998", "r"],
  );
});

test("a queue hands prompts out in order, and gives them back", () => {
  const queue = new Queue();
  for (const text of ["a", "b", "c"]) queue.add({ text, attachments: [] });
  assert.equal(queue.remove(2)?.text, "b");
  assert.deepEqual([queue.shift()?.text, queue.shift()?.text, queue.shift()], ["a", "c", undefined]);
  assert.equal(Array.from({ length: 30 }, () => queue.add({ text: "x", attachments: [] })).filter(Boolean).length, 20);
});

test("finished blocks of growing markdown", () => {
  const finished = (text: string): string => {
    const blocks = new Blocks();
    let length = 0;
    for (let i = 1; i <= text.length; i++) length = blocks.finished(text.slice(0, i)); // a character at a time
    return text.slice(0, length);
  };
  assert.equal(finished("one\n\ntwo\n"), "one\n\n");
  assert.equal(finished("one\ntwo\n"), "");
  assert.equal(finished("- a\n\n- b\n\n  more\n"), "", "a list goes on behind a blank line");
  assert.equal(finished("- a\n\ntext\n"), "- a\n\n");
  assert.equal(finished("```\na\n\nb\n"), "", "a blank line in code ends nothing");
  assert.equal(finished("```\na\n```\nb"), "```\na\n```\n");
  assert.equal(finished("````\n```\n\nx\n"), "");
});

test("a long stream of small deltas does not push out what was before", () => {
  const transcript = new Transcript();
  transcript.add(event({ kind: "message", role: "user", text: "first", seq: 1 }));
  for (let i = 0; i < 60_000; i++) transcript.add(event({ kind: "textDelta", delta: "word " }));
  assert.equal(transcript.cut, false);
  assert.equal(transcript.events[0]?.text, "first");
});

/** A conversation in which everything succeeds at once, and the prompts sent in it. */
function conversation(other: Partial<TurnsHost> = {}): { turns: Turns; said: Prompt[] } {
  const said: Prompt[] = [];
  const turns = new Turns({
    ready: () => Promise.resolve(),
    step: (prompt) => {
      said.push(prompt);
      return Promise.resolve({} as StepResult);
    },
    interrupt: () => Promise.resolve(),
    serverRuns: () => true,
    tell: () => undefined,
    unsent: () => undefined,
    changed: () => undefined,
    ...other,
  });
  return { turns, said };
}

test("a message that waits for the server is withdrawn by stop, with those behind it", async () => {
  const unsent: string[] = [];
  const told: string[] = [];
  let serverIsThere = (): void => undefined;
  const { turns, said } = conversation({
    ready: () => new Promise<void>((resolve) => (serverIsThere = resolve)),
    interrupt: () => Promise.reject(new Error("there is nothing to interrupt")),
    unsent: ({ text }) => unsent.push(text),
    tell: (_, text) => told.push(text),
  });
  const first = turns.send({ text: "first", attachments: [] });
  await turns.send({ text: "second", attachments: [] });
  await turns.stop();
  await first;
  assert.deepEqual(unsent.sort(), ["first", "second"]);
  assert.deepEqual(told, [withdrawn]);
  assert.equal(turns.busy, false);
  serverIsThere();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, []);
});

test("a turn is tried again with its own words", async () => {
  const { turns, said } = conversation();
  const last = { text: "second", attachments: [{ path: "a" }] };
  for (const prompt of [{ text: "first", attachments: [] }, last]) await turns.send(prompt);
  await turns.retry("first");
  assert.deepEqual(said.at(-1), { text: "first", attachments: [] });
  await turns.send(last);
  await turns.retry("second");
  assert.deepEqual(said.at(-1), last, "with what went along");
});
