// The key figures of the version, each with its words; faults of the plan where there are any.
import { element, hours, part, say, signed } from "./page";
import type { Store } from "./store";
import type { Figures } from "./types";

export function drawFigures(store: Store): void {
  const { figures, faults, visits, visiting_rate, plan } = store.board;
  const before = store.comparison?.before.figures;
  const list = part("board-figures");
  const figure = (name: string, value: string, change?: number): HTMLElement => {
    const made = element("div", "key");
    made.append(element("dt", "", say(name)), element("dd", "", change ? `${value} (${signed(change)})` : value));
    return made;
  };
  const left = (one: Figures): number => Object.values(one.left_out).reduce((sum, count) => sum + count, 0);
  const tiers = Object.entries(figures.left_out).filter(([, count]) => count);
  const out = tiers.map(([tier, count]) => `${say(`tier_${tier}`)} ${count}`).join(" · ") || "0";
  list.replaceChildren(
    figure("with_place", `${visits.length - store.waiting.length} / ${visits.length}`),
    figure("left_out", out, before && left(figures) - left(before)),
    figure("driving", hours(figures.drive), before && figures.drive - before.drive),
    figure("overtime", hours(figures.overtime), before && figures.overtime - before.overtime),
    figure("known_face", figures.continuity[1] ? `${figures.continuity[0]} / ${figures.continuity[1]}` : "–"),
    figure("fairness", `${hours(figures.fairness[0])} · ${hours(figures.fairness[1])}`),
    figure("rate", visiting_rate[1] ? `${Math.floor((100 * visiting_rate[0]) / visiting_rate[1])} %` : "–"),
  );
  part("board-state").textContent = `${say("version", { number: plan.version })} · ${say(`state_${plan.state}`)}`;
  const bad = part("board-faults");
  bad.hidden = !faults.length;
  bad.replaceChildren(...faults.slice(0, 4).map((fault) => element("li", "", fault.text)));
  if (faults.length > 4) bad.append(element("li", "", say("more_faults", { count: faults.length - 4 })));
}
