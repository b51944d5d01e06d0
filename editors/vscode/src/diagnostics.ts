/** Answers editor/diagnostics with the diagnostics of the editor's language services. */
import * as vscode from "vscode";
import { uriOf } from "./context";
import type { Diagnostic } from "./protocol";

/** The most diagnostics in one answer. */
const maxDiagnostics = 500;

/** The most files of one request that are opened for the language services. */
const maxOpened = 20;

/** Milliseconds without news after which diagnostics are complete, and the longest wait. The server waits 3 s. */
const quiet = 250;
const longest = 1200;

const severities = ["error", "warning", "info", "hint"];

/** The diagnostics of files that were just changed on disk. The language services get a moment to check them. */
export async function diagnosticsOf(
  folder: vscode.WorkspaceFolder | undefined,
  paths: readonly string[],
): Promise<Diagnostic[]> {
  const files = paths.flatMap((path) => {
    const uri = uriOf(folder, path);
    return uri ? [{ path, uri }] : [];
  });
  const settled = settle(new Set(files.map(({ uri }) => uri.toString())));
  // Services check only open documents. A file that cannot be opened, such as an image, has no diagnostics.
  await Promise.allSettled(files.slice(0, maxOpened).map(({ uri }) => vscode.workspace.openTextDocument(uri)));
  await settled;
  return files
    .flatMap(({ path, uri }) => vscode.languages.getDiagnostics(uri).map((d) => plain(path, d)))
    .slice(0, maxDiagnostics);
}

/** Waits until there are no new diagnostics of uris for a while. */
function settle(uris: ReadonlySet<string>): Promise<void> {
  return new Promise((resolve) => {
    let calm: NodeJS.Timeout | undefined;
    const done = () => {
      seen.dispose();
      clearTimeout(calm);
      clearTimeout(end);
      resolve();
    };
    const end = setTimeout(done, uris.size > 0 ? longest : 0);
    const seen = vscode.languages.onDidChangeDiagnostics((event) => {
      if (!event.uris.some((uri) => uris.has(uri.toString()))) return;
      clearTimeout(calm);
      calm = setTimeout(done, quiet);
    });
  });
}

/** The diagnostics that overlap range. */
export function diagnosticsAt(path: string, uri: vscode.Uri, range: vscode.Range): Diagnostic[] {
  return vscode.languages
    .getDiagnostics(uri)
    .filter((d) => d.range.intersection(range))
    .map((d) => plain(path, d));
}

function plain(path: string, d: vscode.Diagnostic): Diagnostic {
  const { start, end } = d.range;
  return {
    path,
    range: { start, end },
    severity: severities[d.severity] ?? "error",
    message: d.message,
    ...(d.source && { source: d.source }),
  };
}
