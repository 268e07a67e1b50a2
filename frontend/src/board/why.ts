// "Why this carer? Why not? What would make it possible?": what is plain to see at once, then what the planner finds.
import { address, element, say, signed } from "./page";
import { ask } from "./server";
import type { Store } from "./store";
import type { Visit } from "./types";

interface Plain {
  here: string[];
  reasons: [string, number][];
  fits: number;
}

interface Searched {
  busy: boolean;
  faulty: boolean;
  fits: boolean;
  extra_cost: number | null;
  reasons: string[];
  would_help: string[];
  complete: boolean;
  carers: { name: string; is_here: boolean; change: number | null; starts: string; reasons: string[] }[];
}

const AGAIN_MS = 700;

export async function showWhy(store: Store, visit: Visit, task: string, box: HTMLElement): Promise<void> {
  box.replaceChildren(element("p", "small", say("thinking")));
  try {
    const path = encodeURIComponent(task);
    const plain = element("div");
    const more = element("div", "searched", "", { role: "status" });
    drawPlain(await ask<Plain>(`${address}/why/${path}`), plain);
    more.append(element("p", "small", say("searching")));
    box.replaceChildren(plain, more);
    const found = await searched(path, box);
    if (found) drawSearched(found, more);
  } catch (error) {
    box.replaceChildren();
    await store.refused(error);
  }
}

/** Ask until the planner is free, as long as somebody looks at this answer. */
async function searched(path: string, box: HTMLElement): Promise<Searched | null> {
  while (box.isConnected) {
    const found = await ask<Searched>(`${address}/explanations/${path}`);
    if (!found.busy) return found;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return null;
}

function list(lines: string[]): HTMLElement {
  const made = element("ul");
  for (const line of lines) made.append(element("li", "", line));
  return made;
}

function drawPlain(found: Plain, into: HTMLElement): void {
  if (found.here.length) into.append(list(found.here));
  else into.append(element("h3", "", found.fits ? say("fits_with", { count: found.fits }) : say("fits_nowhere")));
  into.append(list(found.reasons.map(([text, count]) => say("count_reason", { count, text }))));
}

function drawSearched(found: Searched, into: HTMLElement): void {
  into.replaceChildren();
  if (found.faulty) into.append(element("p", "small", say("searched_not")));
  else if (found.carers.length) drawCarers(found, into);
  else if (found.fits) into.append(element("p", "", say("fits_dearer", { cost: signed(found.extra_cost ?? 0) })));
  else {
    into.append(element("h3", "", say("conflict")), list(found.reasons));
    if (found.would_help.length) into.append(element("h3", "", say("would_help")), list(found.would_help));
  }
  if (!found.faulty && !found.complete) into.append(element("p", "small", say("incomplete")));
}

/** One line for each carer who could come; the others lie folded, and what stands against each below their name. */
function drawCarers(found: Searched, into: HTMLElement): void {
  into.append(element("h3", "", say("each_says")));
  const cannot = element("details", "says cannot");
  for (const one of found.carers) {
    if (one.is_here) continue;
    if (one.change !== null) {
      into.append(element("p", "says", `✓ ${one.name} ${signed(one.change)} · ${one.starts}`));
      continue;
    }
    const folded = element("details", "says");
    folded.append(element("summary", "", `✕ ${one.name}`), list(one.reasons));
    cannot.append(folded);
  }
  const count = cannot.childElementCount;
  if (!count) return;
  cannot.prepend(element("summary", "", `✕ ${say("cannot_come", { count })}`));
  into.append(cannot);
}
