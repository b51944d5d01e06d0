// Runs inside the editor's extension host, with the whole API of VS Code: run() throws when a test fails.
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");

const tests = {
  "every command of the manifest is there": async ({ extension }) => {
    const known = new Set(await vscode.commands.getCommands());
    const missing = extension.packageJSON.contributes.commands.filter(({ command }) => !known.has(command));
    assert.deepEqual(missing, []);
  },

  // The times are only printed, because they depend on the machine's load. Loading is
  // timed here, because the editor's own figure includes other extensions; activating
  // is timed by its command Developer: Startup Performance.
  "loading and activating it takes little time": async ({ extension }) => {
    const file = path.join(extension.extensionPath, "dist/extension.js");
    delete require.cache[file];
    const began = performance.now();
    assert.equal(typeof require(file).activate, "function");
    const load = performance.now() - began;
    await vscode.commands.executeCommand("perfview.show");
    const row = await until(() => {
      const text = vscode.window.activeTextEditor?.document.getText() ?? "";
      return /^\| pygent\.pygent .*$/m.exec(text)?.[0].split("|");
    });
    const activate = Number(row[4]) + Number(row[5]);
    console.log(`pygent: loaded in ${load.toFixed(1)} ms, activated in ${activate} ms`);
    assert.ok(load + activate < 2000, row.join("|"));
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
  },

  "the server starts with the user's settings, not the repository's": async ({ server, chat }) => {
    // The project's .vscode/settings.json names another program and the widest mode.
    assert.equal(await server.start(), true, server.problem?.detail);
    assert.equal(server.state, "running");
    assert.equal(chat.mode, process.env.PYGENT_TEST_MODE);
  },

  "files that are not saved are told to it, and problems are asked about": async ({ server, root }) => {
    const uri = vscode.Uri.joinPath(root, "sum.py");
    const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "# not saved\n"));
    const found = vscode.languages.createDiagnosticCollection("test");
    const problem = new vscode.Diagnostic(new vscode.Range(2, 4, 2, 14), "starts at the wrong number");
    found.set(uri, [problem]);
    editor.selection = new vscode.Selection(2, 6, 2, 6);
    const sent = await spy(server, "agent/step", () => vscode.commands.executeCommand("pygent.fixDiagnostics"));
    assert.deepEqual(sent.dirtyFiles, ["sum.py"]);
    assert.match(sent.prompt, /Fix this problem in sum\.py:\n- line 3: error: starts at the wrong number/);
    found.dispose();
    await vscode.commands.executeCommand("workbench.action.files.revert");
  },

  "the model is told what language services find in what it wrote": async ({ server, root, chat }) => {
    await until(() => !chat.turns.busy);
    const found = vscode.languages.createDiagnosticCollection("checker");
    const look = (document) => {
      if (!document.uri.path.endsWith("/made.py")) return;
      const at = document.getText().indexOf("mistake");
      const range = new vscode.Range(document.positionAt(at), document.positionAt(at + 7));
      setTimeout(() => found.set(document.uri, at < 0 ? [] : [new vscode.Diagnostic(range, "no good")]), 50);
    };
    const told = [];
    const watching = [
      vscode.workspace.onDidOpenTextDocument(look),
      vscode.workspace.onDidChangeTextDocument((event) => look(event.document)),
      server.onEvent((event) => event.kind === "toolFinished" && told.push(event.text)),
      found,
    ];
    const made = vscode.Uri.joinPath(root, "made.py");
    await server.request("agent/step", { prompt: "write a mistake", mode: "auto" });
    await vscode.window.showTextDocument(made);
    await server.request("agent/step", { prompt: "write it well", mode: "auto" });
    watching.forEach((d) => d.dispose());
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    await vscode.workspace.fs.delete(made);
    assert.match(told[0], /made\.py:2:3: no good/);
    assert.doesNotMatch(told[1], /no good/);
  },

  "it tells of the selection, by lines": async ({ server, root, chat }) => {
    await until(() => !chat.turns.busy);
    const uri = vscode.Uri.joinPath(root, "sum.py");
    const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    editor.selection = new vscode.Selection(1, 0, 3, 0);
    const sent = await spy(server, "agent/step", () => vscode.commands.executeCommand("pygent.askSelection", "hello"));
    assert.equal(sent.context[0].path, "sum.py");
    assert.deepEqual(sent.context[0].range, { start: 2, end: 3 });
  },

  // The unit tests check the growing pauses.
  "a server that is killed is started again": async ({ server }) => {
    for (let i = 0; i < 2; i++) {
      const { pid } = server;
      process.kill(pid, "SIGKILL");
      await until(() => server.state === "running" && server.pid !== pid);
    }
  },

  "what is asked of a server that was killed waits for its pause, which a restart ends": async ({ server }) => {
    const kill = () => {
      process.kill(server.pid, "SIGKILL");
      return until(() => server.state === "waiting");
    };
    await kill();
    const waits = server.request("tasks/list", {});
    await new Promise((resolve) => setImmediate(resolve)); // it could have been started by now
    assert.equal(server.state, "waiting");
    assert.deepEqual((await waits).tasks, []);
    await kill();
    const waitsToo = server.request("tasks/list", {});
    await server.restart();
    assert.deepEqual((await waitsToo).tasks, []);
    await until(() => serversHere().length === 1);
  },

  "a program that does not answer is stopped while it is started": async ({ server, chat }) => {
    await withProgram(chat, "setInterval(() => {}, 1000);", async () => {
      const started = server.start();
      await until(() => serversHere().length === 1);
      const stopped = server.stop();
      assert.equal(await Promise.race([started, after(15_000)]), false); // the timeout of its answer is 20 s
      await stopped;
      assert.deepEqual(serversHere(), []);
      assert.equal(server.state, "stopped");
    });
    assert.equal(await server.start(), true, server.problem?.detail);
  },

  "a server that ignores shutdown is ended, by force at last": async ({ server, chat }) => {
    const file = path.join(os.tmpdir(), `pygent-told-${process.pid}`);
    const deaf = `
      const answer = ${JSON.stringify(hello)};
      process.on("SIGTERM", () => require("node:fs").writeFileSync(${JSON.stringify(file)}, ""));
      setInterval(() => {}, 1000);
      process.stdin.once("data", () => process.stdout.write("Content-Length: " + answer.length + "\\r\\n\\r\\n" + answer));
    `;
    await withProgram(chat, deaf, async () => {
      assert.equal(await server.start(), true, server.problem?.detail);
      await server.stop();
      assert.deepEqual(serversHere(), []);
      assert.ok(fs.existsSync(file), "it was told to end first");
      fs.rmSync(file);
    });
    assert.equal(await server.start(), true, server.problem?.detail);
  },

  "a restart is a new server, and the old one ends": async ({ server }) => {
    const { pid } = server;
    await vscode.commands.executeCommand("pygent.restart");
    assert.equal(server.state, "running");
    assert.notEqual(server.pid, pid);
    await until(() => !alive(pid));
  },

  "restarts at the same time leave one server, and what is asked meanwhile is answered": async ({ server, chat }) => {
    await until(() => !chat.turns.busy);
    const restarts = [server.restart(), server.restart()];
    assert.deepEqual((await server.request("tasks/list", {})).tasks, []);
    await Promise.all(restarts);
    await server.request("tasks/list", {});
    await until(() => serversHere().length === 1);
    assert.deepEqual(serversHere(), [server.pid]);
  },

  "tasks are in the tree, with what they changed": async ({ server, tasks, approvals }) => {
    await server.request("tasks/start", { prompt: "Summarise notes", files: ["notes.txt"] });
    await until(() => {
      for (const { requestKey } of approvals.pending.approvals) approvals.approve(requestKey, "allow");
      return tasks.getChildren().length === 1 && tasks.running === 0;
    });
    const [node] = tasks.getChildren();
    assert.match(tasks.getTreeItem(node).description, /finished · 2 steps · 1 file/);
    const { task, chat } = node;
    for (const [revision, running] of [
      [task.revision - 1, 0],
      [task.revision + 1, 1],
    ]) {
      tasks.change(chat, { ...task, revision, state: "running" });
      assert.equal(tasks.running, running, "what is older than what is known is dropped");
    }
    tasks.change(chat, { ...task, revision: task.revision + 2 });
    await vscode.commands.executeCommand("pygent.task.output", node);
    await until(() => /summary\.txt is there/.test(vscode.window.activeTextEditor?.document.getText() ?? ""));
    await vscode.commands.executeCommand("pygent.task.remove", node);
    assert.equal(tasks.getChildren().length, 0);
  },
};

exports.run = async () => {
  const extension = vscode.extensions.getExtension("pygent.pygent");
  const { folders, tasks, approvals } = await extension.activate();
  const chat = folders.active;
  const context = {
    extension,
    chat,
    tasks,
    approvals,
    server: chat.server,
    root: vscode.workspace.workspaceFolders[0].uri,
  };
  const failed = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test(context);
      console.log(`ok - ${name}`);
    } catch (error) {
      failed.push(`${name}: ${error.stack}`);
    }
  }
  await chat.server.stop();
  if (failed.length > 0) throw new Error(failed.join("\n\n"));
};

/** The parameters of the next request of that method, which action causes. */
async function spy(server, method, action) {
  const request = server.request.bind(server);
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(`${method} was not sent`)), 15_000).unref();
      server.request = (name, params) => {
        if (name === method) resolve(params);
        return request(name, params);
      };
      Promise.resolve(action()).catch(reject);
    });
  } finally {
    delete server.request;
  }
}

/** Waits until check returns a value, and returns it. */
async function until(check) {
  for (const end = Date.now() + 20_000; ;) {
    const answer = check();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not so after 20 s: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server's answer to initialize. */
const hello = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  result: {
    serverInfo: { name: "pygent", version: "0" },
    capabilities: {
      experimental: {
        pygent: {
          protocolVersion: 1,
          methods: ["agent/step", "agent/interrupt", "tasks/start", "tasks/list"],
          runtime: { sandbox: "none" },
        },
      },
    },
  },
});

/** Runs action while the server's program is that script, which is not started before. */
async function withProgram(chat, script, action) {
  await chat.newSession(); // so that there is no session to resume
  await chat.server.stop();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "pygent-host-"));
  const program = path.join(dir, "pygent");
  fs.writeFileSync(program, `#!${process.execPath}\n${script}`, { mode: 0o755 });
  const config = () => vscode.workspace.getConfiguration("pygent");
  const before = config().get("path");
  const set = async (value) => {
    const seen = new Promise((resolve) => (chat.settingsChanged = resolve)); // prevents the automatic restart
    await config().update("path", value, vscode.ConfigurationTarget.Global);
    await seen;
    delete chat.settingsChanged;
  };
  try {
    await set(program);
    await action();
  } finally {
    await set(before);
    fs.rmSync(dir, { recursive: true });
  }
}

function after(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

/** Process ids of the servers that this extension host has started. */
function serversHere() {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).trim().split("\n");
  const fields = all.map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line));
  return fields
    .filter(([, , parent, args]) => Number(parent) === process.pid && / serve /.test(args))
    .map(([, id]) => Number(id));
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
