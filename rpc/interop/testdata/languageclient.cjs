// The conversation of interop_test.go, with vscode-languageclient outside the editor:
// vscode.cjs replaces the module that the editor provides.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const Module = require("node:module");
const path = require("node:path");

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, ...rest) =>
  name === "vscode" ? path.join(__dirname, "vscode.cjs") : resolve(name, ...rest);
const vscode = require("vscode");
const { LanguageClient, RevealOutputChannelOn } = require("vscode-languageclient/node");

async function main() {
  const report = {};
  let server, ended;
  const start = async () => {
    server = spawn("pygent", ["serve"]);
    ended = once(server, "close");
    return server;
  };
  const client = new LanguageClient("pygent", "Pygent", start, {
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    stdioOptions: { stderr: (log) => log.pipe(process.stderr) }, // else each line is shown as an error
  });
  client.registerFeature({
    fillClientCapabilities: (c) => (c.experimental = { pygent: { askUser: true } }),
    initialize() {},
    getState: () => ({ kind: "static" }),
    clear() {},
  });
  let onEvent = () => {};
  client.onNotification("agent/event", (event) => onEvent(event));
  client.onRequest("agent/askUser", ({ question }) => {
    report.question = question;
    return { answer: "blue" };
  });
  await client.start();
  report.server = client.initializeResult.serverInfo.name;

  const events = [];
  onEvent = (event) => events.push(event);
  const greeting = await client.sendRequest("agent/step", { prompt: "greet" });
  report.status = greeting.status;
  report.text = events.filter((e) => e.kind === "textDelta").map((e) => e.delta).join("");
  report.events = [events.at(0).kind, events.at(-1).kind];

  const cancel = new vscode.CancellationTokenSource();
  onEvent = (event) => event.kind === "toolOutput" && cancel.cancel();
  const hung = await client.sendRequest("agent/step", { prompt: "hang" }, cancel.token);
  report.cancelled = hung.status;

  const asked = await client.sendRequest("agent/step", { prompt: "ask" });
  report.answered = asked.text;

  const { taskId } = await client.sendRequest("tasks/start", { prompt: "greet" });
  const waited = await client.sendRequest("tasks/wait", { taskIds: [taskId] });
  report.task = waited.done[0].state;

  const logged = once(client.outputChannel.lines, "error");
  server.stdin.write("Content-Length: 5\r\n\r\n{oops");
  report.malformed = JSON.parse(String(await logged).match(/\{[^]*\}/)[0]).code;

  await client.stop();
  [report.exit] = await ended;
  console.log(JSON.stringify(report));
}

main();
