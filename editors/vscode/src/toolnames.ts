/** Describes a tool call in a few words for the user. It does not use the page. */
import { visible } from "./escape";
import type { Event } from "./protocol";

export interface ToolTitle {
  /** the action, as a word */
  verb: string;
  /** the object of the action, shown as code */
  object: string;
}

/** The title and detail of a call, made by the tool. Events of older servers have only its name and arguments. */
export function toolTitle({ title, detail, tool, arguments: json }: Event): ToolTitle {
  const [verb, text] = title ? [title, detail ?? ""] : [tool ?? "", json?.slice(0, 400) ?? ""];
  return { verb: visible(verb), object: visible(text).replace(/\s*\n\s*/g, " ⏎ ") };
}

/** The arguments as a table of names and texts. */
export function toolArguments(json: string): [name: string, text: string][] {
  return Object.entries(parse(json)).map(([name, value]) => [
    name,
    visible(typeof value === "string" ? value : JSON.stringify(value, undefined, 1)),
  ]);
}

function parse(json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value && !Array.isArray(value) ? (value as Record<string, unknown>) : { value };
  } catch {
    return json ? { arguments: json } : {};
  }
}
