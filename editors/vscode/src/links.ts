/** Which links of a model's text lead anywhere: everything else stays text. It knows no editor. */

/** The kind of a link, or undefined: it is not followed. */
export function linkKind(href: string): "web" | "file" | undefined {
  if (/^https?:\/\/[^\s]+$/i.test(href)) return "web";
  return relativePath(href) === undefined ? undefined : "file";
}

/** The workspace-relative path of a link without scheme, or undefined when it leaves the workspace or is none. */
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
