/** The problems with a server, and what the user can do about them. It does not use VS Code. */
import { neededMethods, protocolVersion } from "./api";
import type { Problem } from "./messages";
import { errorCodes, type InitializeResult, type PygentServer } from "./protocol";

const showLog = { command: "pygent.showLog", title: "Show Log" };
const restart = { command: "pygent.restart", title: "Restart Server" };
const choosePath = { command: "pygent.choosePath", title: "Choose the Program…" };
const setKey = { command: "pygent.setKey", title: "Set API Key…" };
const localModel = { command: "pygent.setBaseUrl", title: "Use a Local Model…" };
const demo = { command: "pygent.demo", title: "Watch the Demo" };

/** What happened to the conversation when the server was restarted. */
export const goesOn = "The server ended and was started again. The session goes on.";
export const forgotten = "The server was started again; it does not know the conversation above.";

/** The user has stopped a prompt that was not sent yet. */
export const withdrawn = "Stopped while the server was being started: the message was not sent.";

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function binaryMissing(setting: string): Problem {
  return {
    title: "The pygent program was not found",
    detail: setting
      ? `The setting pygent.path is “${setting}”, and there is no program. Choose another one, or clear the setting to look on PATH.`
      : "It is not in this extension and not on PATH. Install it with “go install github.com/pygent/pygent/cmd/pygent@latest”, or choose where it is.",
    actions: [choosePath, restart],
  };
}

export function notStarted(program: string, reason: string, lastLines: string): Problem {
  return {
    title: "The server did not start",
    detail: withLines(`${program}: ${reason}. Is this the pygent program, and are its settings right?`, lastLines),
    actions: [showLog, choosePath, restart],
  };
}

/** Why the server with this answer cannot be used, or undefined. */
export function wrongVersion(program: string, answer: InitializeResult): Problem | undefined {
  const { serverInfo, capabilities } = answer as Partial<InitializeResult>;
  // Another program may give any answer.
  const pygent = (capabilities?.experimental as { pygent?: Partial<PygentServer> } | undefined)?.pygent;
  const missing = neededMethods.filter((method) => !pygent?.methods?.includes(method));
  if (pygent?.protocolVersion === protocolVersion && missing.length === 0) {
    return undefined;
  }
  const name = serverInfo ? ` (${serverInfo.name} ${serverInfo.version})` : "";
  const speaks = pygent
    ? `speaks version ${pygent.protocolVersion ?? "?"} of the protocol`
    : "does not speak the protocol";
  const lacks = missing.length > 0 ? ` without ${missing.join(", ")}` : "";
  return {
    title: "The pygent program has the wrong version",
    detail: `${program}${name} ${speaks}${lacks}; this extension needs version ${protocolVersion}. Update the older of the two, or choose another program.`,
    actions: [choosePath, restart],
  };
}

export function keepsEnding(reason: string, lastLines: string): Problem {
  return {
    title: "The server keeps ending",
    detail: withLines(`It ${reason}, again and again, and is not started any more.`, lastLines),
    actions: [showLog, restart],
  };
}

/** The problem for an error of the server if the user can solve it, else undefined. */
export function ofError(code: number, message: string): Problem | undefined {
  if (code === errorCodes.authRequired) {
    return {
      title: "No model yet",
      detail:
        "Set the key of an OpenAI-compatible endpoint, or use a model on this machine, such as Ollama’s. The demo needs neither.",
      actions: [setKey, localModel, demo],
    };
  }
  if (code === errorCodes.runtimeUnavailable) {
    return { title: "Commands cannot run", detail: message, actions: [showLog, restart] };
  }
  return undefined;
}

function withLines(text: string, lines: string): string {
  return lines ? `${text}\n${lines}` : text;
}
