// The part of the editor's module "vscode" that vscode-languageclient uses. It has one
// empty workspace in which nothing happens. Lines of the output channel are events.
const { EventEmitter: Lines } = require("node:events");
const { CancellationTokenSource, Emitter } = require("vscode-jsonrpc/node");

class Base {} // the client's classes extend it
class Disposable {
  constructor(dispose = () => {}) {
    this.dispose = dispose;
  }
  static from(...all) {
    return new Disposable(() => all.forEach((d) => d.dispose()));
  }
}
const never = () => new Disposable();

class LogOutputChannel {
  lines = new Lines();
  logLevel = 3;
  onDidChangeLogLevel = never;
  show() {}
  dispose() {}
  appendLine(text) {
    this.lines.emit("info", text);
  }
}
for (const level of ["trace", "debug", "info", "warn", "error"]) {
  // Node throws if "error" has no listener, so an unexpected line is a failure.
  LogOutputChannel.prototype[level] = function (text) {
    this.lines.emit(level, text);
  };
}

const events = (known) => new Proxy(known, {
  get: (_, name) => known[name] ?? (String(name).startsWith("on") ? never : undefined),
});

module.exports = {
  version: "1.106.0",
  Disposable,
  EventEmitter: Emitter,
  CancellationTokenSource,
  CancellationError: class extends Error {},
  CallHierarchyItem: Base,
  CodeAction: Base,
  CodeActionKind: {},
  CodeLens: Base,
  CompletionItem: Base,
  Diagnostic: Base,
  DocumentLink: Base,
  InlayHint: Base,
  SymbolInformation: Base,
  TypeHierarchyItem: Base,
  Uri: { file: (path) => ({ toString: () => "file://" + path }), parse: (text) => ({ toString: () => text }) },
  LogLevel: { Off: 0, Trace: 1, Debug: 2, Info: 3, Warning: 4, Error: 5 },
  ProgressLocation: { Window: 10 },
  env: { appName: "stand-in", language: "en" },
  commands: { registerCommand: never },
  languages: { createDiagnosticCollection: never, match: () => 0 },
  window: events({
    createOutputChannel: () => new LogOutputChannel(),
    visibleTextEditors: [],
    tabGroups: events({ all: [] }),
  }),
  workspace: events({
    getConfiguration: () => ({ get: (_name, fallback) => fallback }),
    textDocuments: [],
    notebookDocuments: [],
  }),
};
