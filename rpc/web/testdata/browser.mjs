// The browser, a user's actions in it, and the program that serves the page.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { PAGE, WORKSPACE, STATE, PICTURES } = process.env;
mkdirSync(PICTURES, { recursive: true });

/** The server that is there now; another comes when it is killed. */
export const server = { url: PAGE, origin: new URL(PAGE).origin };

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: false,
  args: [
    ...["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    "--host-resolver-rules=MAP evil.com 127.0.0.1", // a foreign name that resolves to this machine
  ],
});

/** A tab of its own profile, with what went wrong in it and what it asked others for. */
export async function open(url = server.url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, ...options });
  context.setDefaultTimeout(Number(process.env.PATIENCE ?? 60) * 1000); // the machine may be busy
  const page = await context.newPage();
  const seen = { errors: [], foreign: [] };
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.errors.push(message.text()));
  page.on("request", (request) => new URL(request.url()).host !== new URL(url).host && seen.foreign.push(request.url()));
  await page.goto(url);
  return { page, seen, turn: () => page.locator(".turn").last(), close: () => context.close() };
}

export const say = async (page, text) => {
  await page.getByLabel("Message to Pygent").fill(text);
  await page.getByLabel("Message to Pygent").press("Enter");
};
export const idle = (page) => page.getByRole("button", { name: "Stop", exact: true }).waitFor({ state: "hidden" });
export const picture = (page, name) => page.screenshot({ path: join(PICTURES, `${name}.png`) });
export const file = (name) => readFileSync(join(WORKSPACE, name), "utf8");

/** sum.py as it is before the model repairs it. */
export const wrong = "def total(numbers):\n    result = 1\n    for n in numbers:\n        result += n\n    return result\n";
export const writeWrong = () => writeFileSync(join(WORKSPACE, "sum.py"), wrong);

/** All that is kept: the workspace's files and the sessions' sizes. */
export function kept() {
  const all = (dir) => readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return [WORKSPACE, STATE].flatMap(all).map((e) => `${e.parentPath}/${e.name}: ${readFileSync(join(e.parentPath, e.name)).length}`);
}

/** Does one thing as a user would, and prints a line of JSON of how it went. */
export async function step(tab, name, run) {
  let error = "";
  let figures = "";
  try {
    figures = (await run()) ?? "";
  } catch (caught) {
    error = String(caught.stack ?? caught);
    await picture(tab.page, `failed-${name.replace(/\W+/g, "-")}`).catch(() => {});
  }
  console.log(JSON.stringify({ name, error, figures }));
}

const input = createInterface({ input: process.stdin });
const answers = input[Symbol.asyncIterator]();

/** Has the test do something with the program; the answer is a page's address. */
export async function program(order) {
  console.log(JSON.stringify({ order }));
  return (await answers.next()).value;
}

/** Kills the server as a crash would, and starts another. */
export async function killServer() {
  server.url = await program("kill");
  server.origin = new URL(server.url).origin;
}

export async function end() {
  await browser.close();
  input.close();
  process.stdin.destroy();
}
