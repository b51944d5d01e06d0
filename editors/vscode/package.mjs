// Packages the extension with this platform's program inside: node package.mjs.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";

const name = process.platform === "win32" ? "pygent.exe" : "pygent";
mkdirSync("bin", { recursive: true });
copyFileSync(`../../bin/${name}`, `bin/${name}`);
const target = `${process.platform}-${process.arch}`;
try {
  execFileSync("npx", ["--no-install", "vsce", "package", "--no-dependencies", "--target", target], {
    stdio: "inherit",
  });
} finally {
  rmSync("bin", { recursive: true }); // else a package without the program would contain it
}
