// Headless Chromium, and the parts of VS Code's window that tests use.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { environment, pictures } from "./places.mjs";

const { chromium } = createRequire(join(environment, "x.js"))("playwright-core");
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The host name under which an extension's page gets its files from the editor. */
const own = ".vscode-resource.vscode-cdn.net";

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    chromiumSandbox: false,
    args: flags,
  });
}

/** A window of the editor with a folder or a .code-workspace. foreign collects its requests to other hosts. */
export async function openWindow(browser, editor, folder) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const foreign = [];
  page.on("request", (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1" && !hostname.endsWith(own)) foreign.push(request.url());
  });
  const kind = folder.endsWith(".code-workspace") ? "workspace" : "folder";
  await page.goto(`${editor.url}/?${kind}=${encodeURIComponent(folder)}`);
  await page.locator(".monaco-workbench").waitFor();
  await page
    .locator(".statusbar-item", { hasText: "Pygent" })
    .waitFor({ timeout: 60_000 })
    .catch(() => {});
  return { page, foreign, close: () => context.close() };
}

/** Runs a command of the palette by its title. */
export async function command(page, title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await page.keyboard.press("Enter");
}

/** The panel's page. */
export function panelOf(page) {
  return page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame");
}

export async function openPanel(page) {
  await command(page, "Pygent: Focus on Chat View");
  const panel = panelOf(page);
  await panel.getByLabel("Message to Pygent").waitFor();
  return panel;
}

export async function say(panel, text) {
  await panel.getByLabel("Message to Pygent").fill(text);
  await panel.getByLabel("Message to Pygent").press("Enter");
}

/** Delegates a task without files. */
export async function delegate(page, prompt) {
  await command(page, "Pygent: Delegate Task");
  await page.locator(".quick-input-title", { hasText: "Delegate a task" }).waitFor();
  await page.locator(".quick-input-widget input").fill(prompt);
  await page.keyboard.press("Enter");
  await page.locator(".quick-input-title", { hasText: "Files that the task gets copies of" }).waitFor();
  await page.keyboard.press("Enter");
}

/** Waits until check returns true. */
export async function until(check, milliseconds = 30_000) {
  for (const end = Date.now() + milliseconds; !(await check());) {
    if (Date.now() > end) throw new Error(`not so after ${milliseconds} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** Drags the side bar's edge, so that the panel is that many pixels wide. */
export async function widen(page, width) {
  const bar = await page.locator(".part.sidebar").boundingBox();
  const y = bar.y + bar.height / 2;
  await page.mouse.move(bar.x + bar.width, y);
  await page.mouse.down();
  await page.mouse.move(bar.x + width, y, { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(700, 450);
}
