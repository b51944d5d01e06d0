/** Makes elements. Text stays text: nothing here parses HTML. */

type Child = Node | string | undefined | false;
type Props = Record<string, string | boolean | undefined | ((event: never) => void)>;

/** An element with attributes, on… listeners and children. undefined and false are omitted. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** A button with a text. */
export function button(text: string, onclick: () => void, props: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick, ...props }, text);
}

/** A button with only an icon; label is for screen readers and the tooltip. */
export function iconButton(icon: Icon, label: string, onclick: () => void, props: Props = {}): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      "aria-label": label,
      title: label,
      onclick,
      ...props,
      class: typeof props.class === "string" ? `icon ${props.class}` : "icon",
    },
    svg(icon),
  );
}

const paths = {
  send: "M8 13V3.5M3.8 7.5 8 3.2l4.2 4.3",
  stop: "M4.5 4.5h7v7h-7z",
  undo: "M6 3 3 6l3 3M3.2 6H9a3.7 3.7 0 0 1 0 7.4H6.5",
  back: "M8 2.8a5.2 5.2 0 1 1-4.9 3.4M3 2.6v3.7h3.7",
  close: "m4 4 8 8m0-8-8 8",
  check: "m3.2 8.4 3.1 3.1 6.5-7",
  cross: "m4.2 4.2 7.6 7.6m0-7.6-7.6 7.6",
  chevron: "m6 3.8 4.2 4.2L6 12.2",
  plus: "M8 3v10M3 8h10",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  shield: "M8 2.2 3.2 4v3.6c0 3 2 5.2 4.8 6.2 2.8-1 4.8-3.2 4.8-6.2V4z",
  ask: "M5.8 6A2.2 2.2 0 1 1 8.7 8.1c-.5.2-.7.6-.7 1.2v.3m0 2v.4",
} as const;
export type Icon = keyof typeof paths;

export function svg(icon: Icon): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const image = document.createElementNS(space, "svg");
  image.setAttribute("viewBox", "0 0 16 16");
  image.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", paths[icon]);
  image.append(path);
  return image;
}
