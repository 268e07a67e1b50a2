// Above the board: that another version took the place of this one or was made from it, or that somebody else changed
// this one just now. Nothing is drawn anew behind the reader's back: they say when.
import { address, button, element, part, say } from "./page";
import { ask } from "./server";
import type { Store } from "./store";

let shown = "";

export function drawNewer(store: Store): void {
  const box = part("board-newer");
  const { newer, board } = store;
  const mark = `${newer?.words ?? ""} ${store.isBehind ? store.theirs : ""}`;
  if (mark === shown) return;
  shown = mark;
  const rows: HTMLElement[] = [];
  if (newer) {
    const row = element("p", "", `${newer.words} `);
    const href = newer.id ? location.pathname.replace(board.plan.id, newer.id) : "";
    if (newer.id) row.append(element("a", "button", say("open_version", { number: newer.version ?? 0 }), { href }));
    rows.push(row);
  }
  if (store.isBehind) rows.push(behind(store));
  box.replaceChildren(...rows);
  box.className = rows.length ? `note ${newer?.is_replaced ? "refused" : "waiting"} board-newer` : "";
}

/** Who changed this version since it was drawn, and a button that shows what it is like now. */
function behind(store: Store): HTMLElement {
  const row = element("p");
  const words = element("span", "", say("changed_since"));
  void ask<{ changes: { who: string; text: string }[] }>(`${address}/changes`)
    .then(({ changes: [last] }) => last && (words.textContent = say("they_changed", { who: last.who, what: last.text })))
    .catch(() => undefined); // that it changed is said already
  row.append(words, " ", button(say("show_changed"), () => void store.load().catch((error: unknown) => store.refused(error))));
  return row;
}
