// The setup of most tests: a project, a scripted model, the editor with the
// extension, and a window with the project.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPanel, openWindow, startBrowser } from "./browser.mjs";
import { startEditor } from "./editor.mjs";
import { startModel } from "./model.mjs";
import { extension, fillProject, program, scratch } from "./places.mjs";

/**
 * Starts everything; close ends it. settings, flags and trust are those of startEditor. workspace has the project's own
 * settings. prepare gets the scratch directory and the project's directory before the editor starts, and may return
 * another path to open.
 */
export async function startBench({ settings = {}, workspace, prepare, ...options } = {}) {
  const { space, project, model, opened } = await fillSpace({ workspace, prepare });
  const editor = await startEditor(space.dir, {
    install: join(extension, "pygent.vsix"),
    settings: { ...ownSettings(model), ...settings },
    ...options,
  });
  const browser = await startBrowser();
  const close = async () => {
    await browser.close();
    await editor.stop();
    await model.close();
    space.remove();
  };
  try {
    const window = await openWindow(browser, editor, opened);
    const panel = await openPanel(window.page);
    return { dir: space.dir, project, model, editor, browser, window, page: window.page, panel, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A project with its own settings in a scratch directory, and the model. */
export async function fillSpace({ workspace, prepare } = {}) {
  const space = scratch();
  const project = join(space.dir, "project");
  mkdirSync(project);
  fillProject(project);
  if (workspace) {
    mkdirSync(join(project, ".vscode"));
    writeFileSync(join(project, ".vscode/settings.json"), JSON.stringify(workspace));
  }
  const opened = prepare?.(space.dir, project) ?? project;
  return { space, project, opened, model: await startModel() };
}

/** The settings of a user of the scripted model. */
export function ownSettings(model) {
  return { "pygent.path": program, "pygent.baseUrl": model.url, "pygent.arguments": ["--no-docker"] };
}
