// A draft made from another version is read as a difference: a list beside the ghosts on the timeline.
import { button, clock, element, part, say } from "./page";
import type { Store } from "./store";

export function drawChanges(store: Store): void {
  const box = part("board-changes");
  const found = store.comparison;
  box.hidden = !found;
  if (!found) return;
  const list = element("ol");
  for (const step of found.steps) {
    const from = step.before ? `${step.before.name} ${clock(step.before.from)}` : "–";
    const to = step.after ? `${step.after.name} ${clock(step.after.from)}` : "–";
    const row = element("li");
    row.append(button(`${step.visit_words}: ${step.words}, ${from} → ${to}`, () => store.select(step.visit, step.task), "quiet"));
    list.append(row);
  }
  const reason = store.board.plan.reason.kind;
  const head = say("changes_from", { number: found.before.version, count: found.steps.length });
  box.replaceChildren(element("h2", "", reason ? `${say(`reason_${reason}`)} · ${head}` : head), list);
  if (!found.steps.length) box.append(element("p", "small", say("no_changes")));
}
