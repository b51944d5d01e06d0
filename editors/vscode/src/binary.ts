/** Finds the server's program: the setting, then the one in the extension, then PATH. */
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

export interface BinarySearch {
  /** the setting pygent.path; empty when it is not set */
  setting: string;
  extensionPath: string;
  /** the variable PATH */
  path: string;
  platform: NodeJS.Platform;
}

export interface Binary {
  path: string;
  source: "setting" | "bundled" | "PATH";
}

/** The program to start, or undefined; tried gets the paths that were checked. */
export function findBinary(search: BinarySearch, tried: string[] = []): Binary | undefined {
  const name = search.platform === "win32" ? "pygent.exe" : "pygent";
  const runnable = (path: string): boolean => {
    tried.push(path);
    return isProgram(path, search.platform);
  };
  if (search.setting) {
    const path = expandHome(search.setting);
    // A wrong setting is an error, because starting another program instead would be a surprise.
    return isAbsolute(path) && runnable(path) ? { path, source: "setting" } : undefined;
  }
  const bundled = join(search.extensionPath, "bin", name);
  if (runnable(bundled)) return { path: bundled, source: "bundled" };
  for (const dir of search.path.split(delimiter)) {
    // A relative entry of PATH would depend on the current directory.
    if (isAbsolute(dir) && runnable(join(dir, name))) return { path: join(dir, name), source: "PATH" };
  }
  return undefined;
}

/** The program from the setting or this machine's PATH. */
export function findProgram(setting: string, extensionPath: string, tried: string[] = []): Binary | undefined {
  return findBinary({ setting, extensionPath, path: process.env.PATH ?? "", platform: process.platform }, tried);
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

function isProgram(path: string, platform: NodeJS.Platform): boolean {
  try {
    accessSync(path, platform === "win32" ? constants.F_OK : constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
