/** The context of a prompt: selections, files, problems in them, and unsaved files. */
import * as vscode from "vscode";
import type { Attachment, Prompt } from "./messages";
import type { Diagnostic, StepParams } from "./protocol";

/** The most characters of one selection. */
const maxSelection = 200_000;
/** How many files are ranked: the search returns them in no order. */
const maxFound = 1000;

/** The workspace-relative path of uri in folder, with slashes; undefined: it is outside. */
export function pathIn(folder: vscode.WorkspaceFolder | undefined, uri: vscode.Uri): string | undefined {
  if (!folder || uri.scheme !== folder.uri.scheme) return undefined;
  const root = folder.uri.path.replace(/\/?$/, "/");
  return uri.path.startsWith(root) ? uri.path.slice(root.length) : undefined;
}

/** The file at a workspace-relative path; undefined if the path leaves the workspace. */
export function uriOf(folder: vscode.WorkspaceFolder | undefined, path: string): vscode.Uri | undefined {
  if (!folder || path.startsWith("/") || path.split("/").includes("..")) return undefined;
  return vscode.Uri.joinPath(folder.uri, path);
}

/** The editor's selection, or its whole file when nothing is selected. */
export function attachmentOf(
  folder: vscode.WorkspaceFolder | undefined,
  editor: vscode.TextEditor,
): Attachment | undefined {
  const { document, selection } = editor;
  const path = pathIn(folder, document.uri);
  if (path === undefined) return undefined;
  if (selection.isEmpty) return { path, ...(document.isDirty && { text: document.getText().slice(0, maxSelection) }) };
  // A selection that ends before a line's first character does not include that line.
  const last = selection.end.character === 0 && selection.end.line > selection.start.line ? 0 : 1;
  return {
    path,
    start: selection.start.line + 1,
    end: selection.end.line + last,
    text: document.getText(selection).slice(0, maxSelection),
  };
}

/** A prompt as parameters of agent/step. */
export function stepParams(prompt: Prompt, mode: string, folder: vscode.WorkspaceFolder | undefined): StepParams {
  const context = prompt.attachments.map(({ path, start, end, text }) => ({
    path,
    ...(start !== undefined && end !== undefined && { range: { start, end } }),
    ...(text !== undefined && { text }),
  }));
  const params: StepParams & { dirtyFiles: string[] } = {
    prompt: prompt.text,
    mode,
    context,
    dirtyFiles: dirtyPaths(folder),
  };
  return params;
}

/** The files of folder with unsaved changes. */
export function dirtyPaths(folder: vscode.WorkspaceFolder | undefined): string[] {
  return vscode.workspace.textDocuments
    .filter((document) => document.isDirty && !document.isUntitled)
    .map((document) => pathIn(folder, document.uri))
    .filter((path) => path !== undefined);
}

/** A prompt about the problems at the editor's selection, or undefined: there are none. */
export function promptForProblems(path: string, found: Diagnostic[]): string | undefined {
  if (found.length === 0) return undefined;
  const lines = found.map(
    (d) => `- line ${d.range.start.line + 1}: ${d.severity}: ${d.message}${d.source ? ` (${d.source})` : ""}`,
  );
  return [`Fix ${found.length === 1 ? "this problem" : "these problems"} in ${path}:`, ...lines].join("\n");
}

/** Files of the folder whose path contains query, best first. */
export async function completeFiles(folder: vscode.WorkspaceFolder | undefined, query: string): Promise<string[]> {
  if (!folder) return [];
  const safe = query.replace(/[^\p{L}\p{N}._/ -]/gu, "?");
  const glob = safe === "" ? "**/*" : `**/*${safe.replace(/\p{L}/gu, anyCase)}*`;
  const pattern = new vscode.RelativePattern(folder, safe.includes("/") ? `${glob.slice(3)}*` : glob);
  const found = await vscode.workspace.findFiles(pattern, hiddenFiles(folder), maxFound);
  const paths = found.map((uri) => pathIn(folder, uri)).filter((path) => path !== undefined);
  const rank = (path: string): number =>
    path.split("/").at(-1)?.toLowerCase().startsWith(query.toLowerCase()) ? 0 : 1;
  return paths.sort((a, b) => rank(a) - rank(b) || a.length - b.length || a.localeCompare(b)).slice(0, 20);
}

/** The files that VS Code's search excludes, such as installed packages, which would be most of the results. */
export function hiddenFiles(folder: vscode.WorkspaceFolder): string | null {
  const set = (section: string): string[] => {
    const globs = vscode.workspace.getConfiguration(section, folder).get<Record<string, unknown>>("exclude", {});
    return Object.keys(globs).filter((glob) => globs[glob] === true);
  };
  const hidden = [...set("files"), ...set("search")];
  return hidden.length > 0 ? `{${hidden.join(",")}}` : null; // {} would exclude everything
}

function anyCase(char: string): string {
  const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
  return lower === upper ? char : `[${lower}${upper}]`;
}
