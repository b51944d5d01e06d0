import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch, patchOf, unapply } from "../../src/patch";

const before = "a\nb\nc\nd\ne\nf\ng\nh\n";
const after = "a\nB\nc\nd\ne\nf\ng\nh\ni\n";
const patch = `diff --git a/x.txt b/x.txt
--- a/x.txt
+++ b/x.txt
@@ -1,4 +1,4 @@
 a
-b
+B
 c
 d
@@ -6,3 +6,4 @@
 f
 g
 h
+i
`;

test("a patch is applied forwards and backwards", () => {
  assert.equal(applyPatch(patch, before), after);
  assert.equal(unapply(patch, after), before);
});

test("a patch that does not fit says so", () => {
  assert.equal(unapply(patch, after.replace("B", "X")), undefined);
  assert.equal(applyPatch(patch, "a\n"), undefined);
  assert.equal(unapply("Binary files differ\n", "a\n"), undefined);
});

test("files that come and go", () => {
  assert.equal(unapply("--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n", "a\nb\n"), "");
  assert.equal(unapply("--- a/x\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", ""), "a\nb\n");
  assert.equal(applyPatch("@@ -2,0 +3 @@\n+c\n", "a\nb\nd\n"), "a\nb\nc\nd\n");
});

test("a last line without an end", () => {
  const change = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n";
  assert.equal(unapply(change, "a\n"), "a");
  assert.equal(applyPatch(change, "a"), "a\n");
});

test("carriage returns stay", () => {
  assert.equal(unapply("@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n", "a\r\nc\r\n"), "a\r\nb\r\n");
});

test("one file's part of a patch of several", () => {
  const other = "diff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-1\n+2\n";
  assert.equal(patchOf(patch + other, "y"), other);
  assert.equal(patchOf(patch + other, "x.txt"), patch);
  assert.equal(patchOf(patch, "z"), undefined);
  const bare = "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-1\n+2\n";
  assert.equal(patchOf(`--- a/x\n+++ b/x\n@@ -1 +1 @@\n-- a/y\n+2\n${bare}`, "y"), bare);
});

test("lines that look like a file's head stay lines", () => {
  const head = (name: string): string => `--- a/${name}\n+++ b/${name}\n`;
  const hunk = "@@ -1,3 +1,2 @@\n one\n--- a/gone\n-two\n+++ b/new\n";
  const patch = `${head("x.sql")}${hunk}${head("y.sql")}@@ -1 +1 @@\n-a\n+b\n`;
  assert.equal(patchOf(patch, "x.sql"), head("x.sql") + hunk);
  assert.equal(patchOf(patch, "gone"), undefined);
  assert.equal(unapply(patchOf(patch, "x.sql") ?? "", "one\n++ b/new\n"), "one\n-- a/gone\ntwo\n");
  assert.match(patchOf(patch, "y.sql") ?? "", /^--- a\/y\.sql/);
});
