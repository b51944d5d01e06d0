/** Tells the server what the editor's language services found in files: the request editor/diagnostics. */
import * as vscode from "vscode";
import { pathIn, uriOf } from "./context";

/** Diagnostics in one answer at the most. */
const maxDiagnostics = 500;

/** Lines and characters count from 0, as in the language server protocol. */
export interface Diagnostic {
  path: string;
  range: { start: vscode.Position; end: vscode.Position };
  severity: string;
  message: string;
  source?: string;
}

const severities = ["error", "warning", "info", "hint"];

/** What is known of paths, or of all files of folder when there are none. */
export function diagnosticsOf(folder: vscode.WorkspaceFolder | undefined, paths: readonly string[]): Diagnostic[] {
  const all: [vscode.Uri, readonly vscode.Diagnostic[]][] =
    paths.length === 0
      ? vscode.languages.getDiagnostics()
      : paths
          .map((path) => uriOf(folder, path))
          .filter((uri) => uri !== undefined)
          .map((uri) => [uri, vscode.languages.getDiagnostics(uri)]);
  const found: Diagnostic[] = [];
  for (const [uri, list] of all) {
    const path = pathIn(folder, uri);
    if (path !== undefined) found.push(...list.map((d) => plain(path, d)));
  }
  return found.slice(0, maxDiagnostics);
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
