/** Splits a prompt from the server into the user's text and the attached files. It does not use the page. */

export interface Said {
  words: string;
  /** names of the attached files, with lines */
  attached: string[];
}

export function splitPrompt(text: string): Said {
  const start = text.search(/(?:^|\n\n)<context(?: [^\n]*)?>\n/);
  if (start < 0 || !text.trimEnd().endsWith("</context>")) return { words: text, attached: [] };
  const attached = [...text.slice(start).matchAll(/^<context path="([^"\n]*)"(?: lines="([^"\n]*)")?[^\n]*>$/gm)];
  return {
    words: text.slice(0, start),
    attached: attached.map(([, path, lines]) => (lines ? `${path ?? ""}:${lines}` : (path ?? ""))),
  };
}
