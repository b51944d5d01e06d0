// Paths, and temporary directories.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const extension = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const repository = join(extension, "../..");
export const environment = join(extension, "test/env/node_modules");
export const program = process.env.PYGENT_TEST_PROGRAM ?? join(repository, "bin/pygent");
/** Screenshots of the last run; ignored by git. */
export const pictures = join(repository, "build/vscode");

/** A temporary directory with a project in it. */
export function scratch() {
  const dir = mkdtempSync(join(tmpdir(), "pygent-vscode-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }) };
}

export const wrongSum =
  "def total(numbers):\n    result = 1\n    for n in numbers:\n        result += n\n    return result\n";

export function fillProject(dir) {
  writeFileSync(join(dir, "sum.py"), wrongSum);
  writeFileSync(join(dir, "notes.txt"), "one\ntwo\n");
}
