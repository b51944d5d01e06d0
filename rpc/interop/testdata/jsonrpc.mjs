// The conversation of interop_test.go, with vscode-jsonrpc.
import { spawn } from "node:child_process";
import { once } from "node:events";
import rpc from "vscode-jsonrpc/node";

const server = spawn("pygent", ["serve"], { stdio: ["pipe", "pipe", "inherit"] });
const ended = once(server, "close");
let malformed; // resolved with the text that the library logs
const logged = new Promise((resolve) => (malformed = resolve));
const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(server.stdout),
  new rpc.StreamMessageWriter(server.stdin),
  { error: malformed, warn: console.error, info() {}, log() {} },
);

const report = {};
let onEvent = () => {};
connection.onNotification("agent/event", (event) => onEvent(event));
connection.onRequest("agent/askUser", ({ question }) => {
  report.question = question;
  return { answer: "blue" };
});
connection.listen();

const initialized = await connection.sendRequest("initialize", {
  processId: process.pid,
  capabilities: { experimental: { pygent: { askUser: true } } },
});
report.server = initialized.serverInfo.name;
await connection.sendNotification("initialized", {});

const events = [];
onEvent = (event) => events.push(event);
const greeting = await connection.sendRequest("agent/step", { prompt: "greet" });
report.status = greeting.status;
report.text = events.filter((e) => e.kind === "textDelta").map((e) => e.delta).join("");
report.events = [events.at(0).kind, events.at(-1).kind];

const cancel = new rpc.CancellationTokenSource();
onEvent = (event) => event.kind === "toolOutput" && cancel.cancel();
const hung = await connection.sendRequest("agent/step", { prompt: "hang" }, cancel.token);
report.cancelled = hung.status;

const asked = await connection.sendRequest("agent/step", { prompt: "ask" });
report.answered = asked.text;

const { taskId } = await connection.sendRequest("tasks/start", { prompt: "greet" });
const waited = await connection.sendRequest("tasks/wait", { taskIds: [taskId] });
report.task = waited.done[0].state;

server.stdin.write("Content-Length: 5\r\n\r\n{oops");
report.malformed = JSON.parse((await logged).match(/\{[^]*\}/)[0]).code;

await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
[report.exit] = await ended;
console.log(JSON.stringify(report));
