// Bundles extension and panel into dist: node build.mjs [--watch].
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { context } from "esbuild";

/** Writes the licences of the bundled packages next to the bundle. */
const licences = {
  name: "licences",
  setup(build) {
    build.onEnd(({ metafile }) => {
      const packages = new Set(
        Object.keys(metafile?.inputs ?? {}).map((path) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]),
      );
      const texts = [...packages]
        .filter(Boolean)
        .sort()
        .map((path) => {
          const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
          return `${path.replace(/.*node_modules\//, "")}\n\n${readFileSync(`${path}/${file}`, "utf8")}`;
        });
      writeFileSync(
        `${dirname(build.initialOptions.outfile ?? "dist/x")}/${build.initialOptions.platform}.licenses.txt`,
        texts.join("\n\n"),
      );
    });
  },
};
copyFileSync("../../LICENSE", "LICENSE");

const shared = {
  bundle: true,
  minify: true,
  sourcemap: false,
  logLevel: "warning",
  legalComments: "none",
  metafile: true,
  plugins: [licences],
};

const builds = await Promise.all([
  context({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
  }),
  context({
    ...shared,
    entryPoints: { panel: "src/webview/main.ts" },
    outdir: "dist",
    platform: "browser",
    format: "iife",
    target: "es2022",
  }),
]);
if (process.argv.includes("--watch")) {
  await Promise.all(builds.map((build) => build.watch()));
} else {
  await Promise.all(builds.map((build) => build.rebuild()));
  await Promise.all(builds.map((build) => build.dispose()));
}
