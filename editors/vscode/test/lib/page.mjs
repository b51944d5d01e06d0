// The panel's page alone in Chromium. The test plays the extension.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { extension } from "./places.mjs";

const policy = "default-src 'none'; style-src 'self'; script-src 'self'";
const files = {
  "/panel.js": ["text/javascript", () => readFileSync(join(extension, "dist/panel.js"))],
  "/panel.css": ["text/css", () => readFileSync(join(extension, "dist/panel.css"))],
  "/host.js": [
    "text/javascript",
    () =>
      "window.sent = []; window.acquireVsCodeApi = () => ({ postMessage: (m) => window.sent.push(m), getState: () => window.kept, setState: (s) => (window.kept = s) });",
  ],
  "/": [
    "text/html",
    () =>
      `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><link rel="stylesheet" href="panel.css"><body class="vscode-light"><script src="host.js"></script><script src="panel.js"></script>`,
  ],
};

/** Opens the page; {page, post, sent, close}. */
export async function openPage(browser, size = { width: 320, height: 800 }) {
  const server = createServer((request, response) => {
    const [type, text] = files[request.url] ?? ["text/plain", () => ""];
    response.writeHead(200, { "content-type": type });
    response.end(text());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.newContext({ viewport: size });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const post = (...messages) => page.evaluate((all) => all.forEach((m) => window.postMessage(m, "*")), messages);
  const close = async () => {
    await context.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { page, post, sent: () => page.evaluate(() => window.sent), close };
}

export const state = {
  server: "running",
  folder: "project",
  busy: false,
  mode: "ask",
  model: "",
  sandbox: "strong",
  sandboxReason: "",
  queue: [],
  recent: [],
  can: { undo: true, rewind: true, diff: true, resume: true },
};

export function event(fields) {
  return { sessionId: "s", turnId: "t", time: "2026-01-01T00:00:00Z", ...fields };
}
