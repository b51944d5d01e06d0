/** What a tool call is, in a few words for the user. It knows no page. */
import { visible } from "./escape";

export interface ToolTitle {
  /** what is done, as a word */
  verb: string;
  /** to what: shown as code */
  object: string;
}

const verbs: Record<string, [doing: string, field: string]> = {
  bash: ["Run", "cmd"],
  write_file: ["Write", "path"],
  download_file: ["Read", "path"],
  delegate_task: ["Delegate", "prompt"],
  task_status: ["Look at task", "task_id"],
  collect_file: ["Collect", "path"],
  ask_user: ["Ask", "prompt"],
  stop: ["Stop", ""],
};

export function toolTitle(tool: string, json: string): ToolTitle {
  const [verb, field] = verbs[tool] ?? [visible(tool), ""];
  const args = parse(json);
  const value = args[field] ?? Object.values(args)[0];
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  return { verb, object: visible(text.slice(0, 400)).replace(/\s*\n\s*/g, " ⏎ ") };
}

/** The arguments as a table of names and texts, for those who want to see all. */
export function toolArguments(json: string): [name: string, text: string][] {
  return Object.entries(parse(json)).map(([name, value]) => [
    name,
    visible(typeof value === "string" ? value : JSON.stringify(value, undefined, 1)),
  ]);
}

/** The command of a call of bash. */
export function commandOf(json: string): string {
  const { cmd } = parse(json);
  return typeof cmd === "string" ? visible(cmd) : "";
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value && !Array.isArray(value) ? (value as Record<string, unknown>) : { value };
  } catch {
    return json ? { arguments: json } : {};
  }
}
