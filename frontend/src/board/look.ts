// What a visit looks like: a letter and a shape besides the colour, and a sentence for those who hear the page.
import { clock, say } from "./page";
import type { Store } from "./store";
import type { Visit } from "./types";

export function letter(service: string): string {
  return say(`letter_${service}`);
}

export function title(visit: Visit): string {
  return `${visit.service_words} ${visit.elder}`;
}

/** What stands out about a visit now, most urgent first. */
export function alerts(store: Store, visit: Visit): string[] {
  const live = store.live.get(visit.id);
  const answers = live?.answers ?? visit.answers;
  const declined = answers.filter((answer) => answer.state === "declined" && visit.placed.some((one) => one.carer === answer.carer));
  return [
    ...(live?.alarm ? [say("alarm")] : []),
    ...(live?.state === "unreached" ? [live.state_words] : []),
    ...declined.map((answer) => say("declined", { who: store.carers.get(answer.carer)?.name ?? "", why: answer.reason })),
    ...(live?.late ? [say("late")] : []),
    ...(live?.flags ?? []),
    ...new Set(store.faults.get(visit.id)),
  ];
}

export function spoken(store: Store, visit: Visit): string {
  const where = visit.placed.map((one) => `${store.carers.get(one.carer)?.name ?? ""} ${clock(one.from)}–${clock(one.to)}`);
  const locked = Object.keys(visit.locks).length ? [say("locked")] : [];
  return [title(visit), visit.village, ...(where.length ? where : [say("waits")]), ...locked, ...alerts(store, visit)].join(", ");
}

/** Whether somebody has come already, or it is over: who goes there is no question any more. */
export function hasBegun(store: Store, visit: Visit): boolean {
  const state = store.live.get(visit.id)?.state ?? visit.state;
  return !["due", "planned"].includes(state);
}
