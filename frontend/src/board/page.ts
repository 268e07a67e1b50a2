// The skeleton that the server drew, its words, and the few helpers that every part of the board uses.
const root = document.getElementById("board") as HTMLElement;
const words = JSON.parse(root.dataset.words ?? "{}") as Record<string, string>;

/** The address of the data of the version that is shown, without a slash at the end. */
export let address = root.dataset.api ?? "";
export const token = root.dataset.token ?? "";
/** Where an emergency is opened: the nearest are called there one after the other. */
export const emergency = root.dataset.emergency ?? "";
export const tiles = root.dataset.tiles ?? "";

/** Speak of another version: its data, and every link and form of the page that named the one before. */
export function speakOf(id: string, before: string): void {
  address = address.replace(before, id);
  for (const name of ["href", "value", "action"]) {
    for (const one of document.querySelectorAll(`[${name}*="${before}"]`)) {
      one.setAttribute(name, (one.getAttribute(name) ?? "").replace(before, id));
    }
  }
}

/** A word in the reader's language; `{name}` places are filled in. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function part<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as T;
}

/** A minute of the day as 08:05. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** Minutes as people say them. */
export function hours(minutes: number): string {
  return minutes < 60 ? say("minutes", { m: minutes }) : say("hours", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** A cost that changes, always with its sign. */
export function signed(change: number): string {
  return change > 0 ? `+${change}` : change < 0 ? `−${-change}` : "±0";
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  text = "",
  attributes: Record<string, string> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function button(text: string, act: () => void, className = ""): HTMLButtonElement {
  const made = element("button", className, text, { type: "button" });
  made.addEventListener("click", act);
  return made;
}

/** Tell the reader what came of something: shown, and read out by screen readers. */
export function tell(text: string, kind: "done" | "refused" | "waiting" = "done"): void {
  const line = part("board-news");
  line.textContent = text;
  line.className = `news ${kind}`;
}
