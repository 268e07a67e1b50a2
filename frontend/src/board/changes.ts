// A draft made from another version is read as a difference: a list beside the ghosts on the timeline.
import { button, clock, element, emergency, part, say } from "./page";
import type { Store } from "./store";
import type { StepRow } from "./types";

/** Who came and who comes now; nothing where nobody did or does. */
function way(step: StepRow): string {
  const said = (one: StepRow["before"]): string => (one ? `${one.name} ${clock(one.from)}` : "–");
  return step.before || step.after ? `, ${said(step.before)} → ${said(step.after)}` : "";
}

export function drawChanges(store: Store): void {
  const box = part("board-changes");
  const found = store.comparison;
  box.hidden = !found;
  if (!found) return;
  const reason = store.board.plan.reason.kind;
  const list = element("ol");
  for (const step of found.steps) {
    const row = element("li");
    row.append(button(`${step.visit_words}: ${step.words}${way(step)}`, () => store.select(step.visit, step.task), "quiet"));
    list.append(row);
  }
  const head = say("changes_from", { number: found.before.version, count: found.steps.length });
  const missed = store.board.not_kept.map((text) => element("p", "warning", `⚠ ${text}`));
  box.replaceChildren(element("h2", "", reason ? `${say(`reason_${reason}`)} · ${head}` : head), ...missed, list);
  const isWaiting = found.steps.some((step) => step.kind === "waiting");
  if (isWaiting && reason === "sos") box.append(element("a", "button", say("call_in_order"), { href: emergency }));
  if (!found.steps.length) box.append(element("p", "small", say("no_changes")));
}
