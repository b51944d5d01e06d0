/** A prompt as the server tells it: the words, then the files that went along with it. It knows no page. */

export interface Said {
  words: string;
  /** names of what went along, with lines */
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
