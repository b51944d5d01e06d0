/** Decides which links of a model's text work; all others stay text. It does not use VS Code. */

/** The kind of a link; undefined: it stays text. */
export function linkKind(href: string): "web" | "file" | undefined {
  if (/^https?:\/\/[^\s]+$/i.test(href)) return "web";
  return relativePath(href) === undefined ? undefined : "file";
}

/** The workspace-relative path of a link without scheme; undefined: it leaves the workspace or is not a path. */
export function relativePath(href: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(href.replace(/[?#].*$/s, ""));
  } catch {
    return undefined;
  }
  if (path === "" || /^[/\\]|^[a-z][a-z0-9+.-]*:|\\|[\u0000-\u001f\u007f]/i.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}
