// The methods and the processes of the server under test.
import { execFileSync } from "node:child_process";
import { program } from "./places.mjs";

const frame = (message) => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};
const answer = execFileSync(program, ["serve", "--no-docker"], {
  input:
    frame({ id: 1, method: "initialize", params: { capabilities: {} } }) +
    frame({ id: 2, method: "shutdown" }) +
    frame({ method: "exit" }),
  encoding: "utf8",
  stdio: ["pipe", "pipe", "ignore"],
});
const { methods } = JSON.parse(/\{.*?\}(?=Content-Length|$)/s.exec(answer)[0]).result.capabilities.experimental.pygent;

/** The features that it serves. The panel hides missing ones too. */
export const served = {
  approvals: methods.includes("agent/respond"),
  diff: methods.includes("files/diff"),
  undo: methods.includes("files/revert"),
};

/** Ids of the processes below pid whose command line contains word, oldest first. */
export function childrenOf(pid, word) {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .map(([, id, parent, args]) => ({ id: Number(id), parent: Number(parent), args }));
  const below = new Set([pid]);
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const { id, parent } of all) if (below.has(parent)) below.add(id);
  }
  return all
    .filter(({ id, args }) => below.has(id) && args.startsWith(program) && args.includes(word))
    .map(({ id }) => id);
}
