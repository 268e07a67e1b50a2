// Visits without a place, each with the reason; the most urgent first.
import { beginChange } from "./dialogs";
import { alerts, letter, title } from "./look";
import { button, clock, element, part, say } from "./page";
import type { Store } from "./store";
import type { Visit } from "./types";

const TIERS = ["high", "key", "general"];

export function drawWaiting(store: Store): void {
  const list = part("board-waiting");
  const rank = (visit: Visit): number => TIERS.indexOf(visit.tier) * 2000 + visit.window[0];
  const waiting = [...store.waiting].sort((one, two) => rank(one) - rank(two));
  const focused = document.activeElement?.getAttribute("data-visit");
  list.replaceChildren(...waiting.map((visit) => row(store, visit)));
  part("board-waiting-count").textContent = String(waiting.length);
  if (!waiting.length && !store.came.length) list.append(element("li", "none", say("nobody_waits")));
  if (store.came.length) list.prepend(cameSince(store));
  if (focused) list.querySelector<HTMLElement>(`[data-visit="${CSS.escape(focused)}"]`)?.focus();
}

/** What came after this version was made waits too: it is seen here, and a new version takes it over. */
function cameSince(store: Store): HTMLElement {
  const item = element("li", "came card");
  const list = element("ul");
  list.append(...store.came.map((words) => element("li", "", words)));
  item.append(element("b", "", say("came_since", { count: store.came.length })), list);
  if (store.board.plan.state !== "trial") {
    const take: HTMLButtonElement = button(say("take_over"), () => {
      take.disabled = true; // a second press would make a second version
      void beginChange().catch((error: unknown) => {
        take.disabled = false;
        return store.refused(error);
      });
    });
    item.append(take);
  }
  return item;
}

function row(store: Store, visit: Visit): HTMLElement {
  const item = element("li");
  const chosen = visit.id === store.selectedVisit;
  const made = element("button", `waits ${visit.service}${chosen ? " chosen" : ""}`, "", {
    type: "button",
    "data-visit": visit.id,
    "aria-pressed": String(chosen),
  });
  const head = element("span", "head");
  head.append(element("b", "letter", letter(visit.service)), ` ${title(visit)} `);
  if (visit.tier === "high") head.append(element("span", "tier", say("tier_high")));
  const when = `${clock(visit.window[0])}–${clock(visit.window[1])} · ${visit.village}`;
  made.append(head, element("span", "small", when), element("span", "why small", alerts(store, visit)[0] ?? visit.reason_words));
  made.addEventListener("click", () => store.select(visit.id));
  item.append(made);
  return item;
}
