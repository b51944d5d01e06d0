// Pages of other origins in the same browser. Each of their attempts is refused and has
// no effect.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { kept, open, server, step } from "./browser.mjs";

/** What a page of another origin can try, in it. host is the address that it uses. */
async function attack({ host, token }) {
  const evil = { jsonrpc: "2.0", id: 1, method: "agent/step", params: { prompt: "spoil it" } };
  const socket = (...offers) =>
    new Promise((done) => {
      const ws = new WebSocket(`ws://${host}/rpc`, offers);
      ws.onopen = () => {
        ws.send(JSON.stringify(evil));
        done("open");
      };
      ws.onerror = () => done("refused");
    });
  const loaded = (tag, attribute, path) =>
    new Promise((done) => {
      const node = document.createElement(tag);
      node.onload = () => done(tag === "iframe" && !node.contentDocument ? "framed" : "open");
      node.onerror = () => done("refused");
      node[attribute] = `http://${host}${path}`;
      document.body.append(node);
    });
  const read = (path, options) =>
    fetch(`http://${host}${path}`, options).then(
      (response) => (response.type === "opaque" ? "opaque" : response.ok ? "open" : "refused"),
      () => "refused",
    );
  return {
    "WebSocket without a token": await socket("pygent.v1"),
    "WebSocket with a wrong token": await socket("pygent.v1", `token.${"0".repeat(64)}`),
    "WebSocket with the token": await socket("pygent.v1", `token.${token}`),
    "fetch": await read("/"),
    "POST": await read("/rpc", { method: "POST", body: JSON.stringify(evil), headers: { "Content-Type": "application/json" } }),
    "script": await loaded("script", "src", "/js/main.js"),
    "image": await loaded("img", "src", "/icon.svg"),
  };
}

export async function strangers(tab) {
  const port = new URL(server.url).port;
  const token = new URLSearchParams(new URL(server.url).hash.slice(1)).get("token");
  const web = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><a href="${server.origin}/">Look</a><form method="post" target="_blank" action="${server.origin}/rpc"><button>Win</button></form>`);
  });
  await new Promise((done) => web.listen(0, "127.0.0.1", done));
  const before = kept();

  for (const [name, page, host] of [
    ["a page of another port", `http://127.0.0.1:${web.address().port}/`, `127.0.0.1:${port}`],
    ["a page of evil.com", `http://evil.com:${web.address().port}/`, `127.0.0.1:${port}`],
    ["a page of evil.com, by its own name", `http://evil.com:${web.address().port}/`, `evil.com:${port}`],
    ["a page of evil.com, by 0.0.0.0", `http://evil.com:${web.address().port}/`, `0.0.0.0:${port}`],
  ])
    await step(tab, `refused: ${name}`, async () => {
      const stranger = await open(page);
      const tried = await stranger.page.evaluate(attack, { host, token });
      for (const [what, came] of Object.entries(tried)) assert.equal(came, "refused", what);
      await stranger.close();
    });

  await step(tab, "refused: what a stranger's page leads to", async () => {
    const stranger = await open(`http://evil.com:${web.address().port}/`);
    const [popup] = await Promise.all([stranger.page.waitForEvent("popup"), stranger.page.getByRole("button", { name: "Win" }).click()]);
    await popup.getByText("another origin").waitFor();
    await stranger.page.getByRole("link", { name: "Look" }).click();
    await stranger.page.getByText("another page led here").waitFor();
    await stranger.close();
  });

  await step(tab, "refused: other names of this machine", async () => {
    for (const name of ["evil.com", "0.0.0.0", "localhost"]) {
      const stranger = await open("about:blank");
      const answer = await stranger.page.goto(`http://${name}:${port}/#token=${token}`).catch((error) => error);
      assert.ok(answer instanceof Error || answer.status() === 421, `${name}: ${answer}`);
      assert.equal(await stranger.page.locator("#prompt").count(), 0);
      await stranger.close();
    }
  });

  await step(tab, "refused: no token, and a wrong one", async () => {
    for (const hash of ["", `#token=${"0".repeat(64)}`, `#ticket=${"0".repeat(64)}`]) {
      const bare = await open(`${server.origin}/${hash}`);
      await bare.page.locator("#lost").waitFor();
      assert.equal(await bare.page.locator(".session, .turn, .task").count(), 0);
      await bare.close();
    }
  });

  await step(tab, "nothing came of all that", async () => assert.deepEqual(kept(), before));
  web.close();
}
