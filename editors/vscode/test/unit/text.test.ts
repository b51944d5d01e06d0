import assert from "node:assert/strict";
import { test } from "node:test";
import { notice, plainOutput, visible } from "../../src/escape";
import { linkKind, relativePath } from "../../src/links";
import { splitPrompt } from "../../src/webview/said";
import { toolTitle } from "../../src/toolnames";

test("what a screen hides is spelt out", () => {
  assert.equal(visible("rm \u202e\u200b\u001b[1m\r"), "rm \\u{202e}\\u{200b}\\u{1b}[1m\\u{d}");
  assert.equal(visible("naïve 日本 👍\tx\n"), "naïve 日本 👍\tx\n");
});

test("output has no control characters, and overwritten text goes", () => {
  assert.equal(plainOutput("\u001b[31mred\u001b[0m \u001b]0;title\u0007ok\u0008"), "red ok");
  assert.equal(plainOutput("10%\r20%\r30%\ndone\r\n"), "30%\ndone\n");
  assert.equal(plainOutput("\u001b]52;c;aGk=\u001b\\x"), "x");
});

test("long lines of output take no longer than they have characters", () => {
  // Four hundred times what fits into a panel: quadratic time would not end.
  for (const line of ["x".repeat(1 << 24), `${"\r".repeat(1 << 20)}x`, "a\r".repeat(1 << 20)]) {
    assert.equal(plainOutput(line), line.startsWith("x") ? line : line.endsWith("x") ? "x" : "a");
  }
});

test("VS Code's own surfaces make no links of it, and show where a line ends", () => {
  assert.equal(notice("[a](command:b) c\n\trm x"), "[a]\u2060(command:b) c ⏎ rm x");
  assert.equal(notice("a\u202eb"), "a\\u{202e}b");
});

test("only links to the web and into the workspace lead anywhere", () => {
  assert.equal(linkKind("https://example.org/a"), "web");
  assert.equal(linkKind("src/a%20b.go#L3"), "file");
  assert.equal(relativePath("./src/a%20b.go#L3"), "src/a b.go");
  for (const href of [
    "javascript:x",
    "command:x",
    "data:x",
    "vscode://x",
    "file:///etc/passwd",
    "//host/x",
    "/etc",
    "../x",
    "a/../../x",
    "%2e%2e/x",
    "a\\b",
    "",
    "#x",
    "%zz",
    "JaVaScRiPt:x",
    "java\u0000script:x",
    "c:/x",
  ]) {
    assert.equal(linkKind(href), undefined, href);
  }
});

test("a tool call in a few words", () => {
  const begun = { sessionId: "s", time: "", kind: "toolStarted" };
  const titled = (event: object) => toolTitle({ ...begun, ...event });
  assert.deepEqual(titled({ title: "Run", detail: "a\n b", tool: "x" }), { verb: "Run", object: "a ⏎ b" });
  assert.deepEqual(titled({ title: "Stop", tool: "x", arguments: "{}" }), { verb: "Stop", object: "" });
  assert.deepEqual(titled({ tool: "other\u202e", arguments: '{"a":\n1}' }), {
    verb: "other\\u{202e}",
    object: '{"a": ⏎ 1}',
  });
});

test("a prompt is told apart from what went along with it", () => {
  const text =
    'Fix it.\n\n<context path="f.txt" lines="2-99">\ntwo\n</context>\n\n<context path="open.go">\nx\n</context>';
  assert.deepEqual(splitPrompt(text), { words: "Fix it.", attached: ["f.txt:2-99", "open.go"] });
  assert.deepEqual(splitPrompt("What is <context>?"), { words: "What is <context>?", attached: [] });
});
