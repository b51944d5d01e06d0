/** Tells the server what the editor's language services found in files: the request editor/diagnostics. */
import * as vscode from "vscode";
import { uriOf } from "./context";
import type { Diagnostic } from "./protocol";

/** Diagnostics in one answer at the most. */
const maxDiagnostics = 500;

/** Files in one request that are opened for the language services to look at. */
const maxOpened = 20;

/** Milliseconds: of quiet after which the findings count as whole, and of waiting at the longest. The server waits 3 s. */
const quiet = 250;
const longest = 1200;

const severities = ["error", "warning", "info", "hint"];

/** What language services find in files that were just changed on disk: they get a moment to look at them. */
export async function diagnosticsOf(
  folder: vscode.WorkspaceFolder | undefined,
  paths: readonly string[],
): Promise<Diagnostic[]> {
  const files = paths.flatMap((path) => {
    const uri = uriOf(folder, path);
    return uri ? [{ path, uri }] : [];
  });
  const settled = settle(new Set(files.map(({ uri }) => uri.toString())));
  // Services look at open documents only. One that cannot be opened, as an image, has no diagnostics either.
  await Promise.allSettled(files.slice(0, maxOpened).map(({ uri }) => vscode.workspace.openTextDocument(uri)));
  await settled;
  return files
    .flatMap(({ path, uri }) => vscode.languages.getDiagnostics(uri).map((d) => plain(path, d)))
    .slice(0, maxDiagnostics);
}

/** Waits until nothing new has been said of uris for a while. */
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

/** The diagnostics that touch range. */
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
