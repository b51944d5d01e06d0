// Bundles test/unit and runs it under Node's test runner.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { extension, pictures } from "./lib/places.mjs";

const outdir = join(pictures, "unit");
const sources = readdirSync(join(extension, "test/unit")).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: sources.map((name) => join(extension, "test/unit", name)),
  outdir,
  bundle: true,
  platform: "node",
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  logLevel: "warning",
});
const files = sources.map((name) => join(outdir, name.replace(/\.ts$/, ".cjs")));
const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
