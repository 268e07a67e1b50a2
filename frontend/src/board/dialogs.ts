// What happened, the planner at work, other versions: each in a dialog of the browser's own, closed with Escape.
import { address, button, clock, element, part, say } from "./page";
import { ask, Refusal, tellServer } from "./server";
import type { Store } from "./store";
import { type Next, turnTo } from "./version";

interface Run {
  id: string;
  state: string;
  seconds: number;
  elapsed: number;
  curve: [number, number, number][];
  tasks: number;
  died: boolean;
  url: string | null;
}

function open(heading: string): { box: HTMLElement; close: () => void } {
  const dialog = part<HTMLDialogElement>("board-dialog");
  const box = part("board-dialog-body");
  box.replaceChildren(element("h2", "", heading));
  if (!dialog.open) dialog.showModal();
  return { box, close: () => dialog.close() };
}

function failed(box: HTMLElement, error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
  box.querySelector(".error")?.remove();
  box.append(element("p", "error", error.message, { role: "alert" }));
}

/** One action for each thing that happens on a day; the repaired day opens as a difference. */
export function openIncident(store: Store, kind: string, carer = "", visit = ""): void {
  const { box, close } = open(say(`happened_${kind}`));
  const form = element("form");
  const fields: Record<string, () => unknown> = {};
  const field = (name: string, control: HTMLInputElement | HTMLSelectElement, read: () => unknown): void => {
    const label = element("label", "field", say(`field_${name}`));
    label.append(control);
    form.append(label);
    fields[name] = read;
  };
  const choice = (options: [string, string][], chosen = ""): HTMLSelectElement => {
    const made = element("select");
    for (const [value, text] of options) made.append(element("option", "", text, { value, ...(value === chosen ? { selected: "" } : {}) }));
    return made;
  };
  if (["ill", "no_show", "late"].includes(kind)) {
    const out = store.board.carers.filter((one) => one.blocks.length);
    const who = choice(out.map((one) => [one.id, one.name]), carer);
    field("carer", who, () => who.value);
  }
  if (kind === "late") {
    const until = element("input", "", "", { type: "time", value: clock((store.now ?? 480) + 30), required: "" });
    field("until", until, () => minutesOf(until.value));
  }
  if (kind === "road") {
    const villages = store.board.places.villages.map((one): [string, string] => [one.code, one.name]);
    const from = choice(villages);
    const to = choice(villages, villages[1]?.[0]);
    const extra = element("input", "", "", { type: "number", min: "1", max: "600" });
    field("from_code", from, () => from.value);
    field("to_code", to, () => to.value);
    field("extra_minutes", extra, () => (extra.value ? Number(extra.value) : null));
  }
  if (kind === "urgent" || kind === "sos") {
    const who = element("select");
    const search = element("input", "", "", { type: "search", autocomplete: "off" });
    search.addEventListener("input", () => void findElders(search.value, who));
    field("search", search, () => undefined);
    field("elder_id", who, () => who.value);
    void findElders("", who);
  }
  const press = element("button", "main", say("repair"));
  form.append(press);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    press.disabled = true; // a second press would repair the day twice
    const body: Record<string, unknown> = { kind, ...(visit ? { visit_id: visit } : {}) };
    for (const [name, read] of Object.entries(fields)) if (read() !== undefined) body[name] = read();
    tellServer<Next>(`${address}/repairs`, body)
      .then((next) => {
        close();
        return turnTo(store, next);
      })
      .catch((error) => {
        press.disabled = false;
        failed(box, error);
      });
  });
  box.append(element("p", "small", say(`explain_${kind}`)), form);
  form.querySelector<HTMLElement>("select, input, button")?.focus();
}

async function findElders(words: string, into: HTMLSelectElement): Promise<void> {
  const found = await ask<{ elders: { id: string; name: string; where: string }[] }>(`${address}/elders?q=${encodeURIComponent(words)}`);
  into.replaceChildren(...found.elders.map((one) => element("option", "", `${one.name} · ${one.where}`, { value: one.id })));
}

function minutesOf(time: string): number {
  const [hour, minute] = time.split(":").map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
}

/** Plan the day again with the locks of this version, and watch. Who says "good enough" before it began is heard too. */
export async function openPlanner(store: Store): Promise<void> {
  const { box } = open(say("planner"));
  const line = element("p", "", say("planner_starts", { seconds: 0 }), { role: "status" });
  const drawing = element("div", "curve");
  let runId = "";
  let isEnough = false;
  const end = (): void => {
    if (runId && isEnough) tellServer(`${address}/runs/${runId}/stop`).catch((error: unknown) => failed(box, error));
  };
  const stop = button(
    say("good_enough"),
    () => {
      isEnough = true;
      stop.textContent = say("ending");
      end();
    },
    "main",
  );
  box.append(line, drawing, stop);
  try {
    runId = (await tellServer<Run>(`${address}/runs`, { revision: store.board.plan.revision })).id;
    end();
    await watch(runId, line, drawing);
  } catch (error) {
    failed(box, error);
  }
}

/** Ask twice a second how it goes. A line that fails for a moment is asked again; what the server says last is shown. */
async function watch(runId: string, line: HTMLElement, drawing: HTMLElement): Promise<void> {
  const dialog = part<HTMLDialogElement>("board-dialog");
  while (dialog.open) {
    const run = await ask<Run>(`${address}/runs/${runId}`).catch((error: unknown) => {
      if (!(error instanceof Refusal) || (error.status !== 0 && error.status < 500)) throw error;
      line.textContent = error.message;
    });
    if (run) {
      if (run.url) return location.assign(run.url);
      if (run.died || run.state !== "running") {
        line.textContent = say("planner_died");
        line.className = "error";
        return;
      }
      const last = run.curve[run.curve.length - 1];
      line.textContent = last ? say("planner_at", { seconds: run.elapsed, cost: last[1], left: run.tasks - last[2] }) : say("planner_starts", { seconds: run.elapsed });
      drawCurve(run, drawing);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The falling cost, on a logarithmic scale, because the first seconds win most. */
function drawCurve(run: Run, into: HTMLElement): void {
  if (run.curve.length < 2) return;
  const costs = run.curve.map((point) => Math.log(Math.max(1, point[1])));
  const [top, low] = [Math.max(...costs), Math.min(...costs)];
  const end = run.curve[run.curve.length - 1]?.[0] || 1;
  const points = run.curve.map((point, index) => {
    const y = 150 - (140 * ((costs[index] ?? low) - low)) / Math.max(0.001, top - low);
    return `${((600 * point[0]) / end).toFixed(1)},${y.toFixed(1)}`;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 600 160");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", say("curve"));
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", "line");
  path.setAttribute("d", `M${points.join(" L")}`);
  svg.append(path);
  into.replaceChildren(svg);
}

interface Version {
  id: string;
  version: number;
  state: string;
  cost: number;
  left_out: number;
  url: string;
}

/** Other versions of the day: open one, or see how this one differs from it. */
export async function openVersions(store: Store): Promise<void> {
  const { box, close } = open(say("versions"));
  const { versions } = await ask<{ versions: Version[] }>(`${address}/versions`);
  const list = element("ul", "versions");
  for (const one of versions) {
    const row = element("li", "", `${say("version", { number: one.version })} · ${say(`state_${one.state}`)} · ${say("left_out")} ${one.left_out} `);
    if (one.id !== store.board.plan.id) {
      row.append(
        button(say("compare"), () => {
          close();
          void ask<Store["comparison"]>(`${address}/differences/${one.id}`).then((found) => {
            store.comparison = found;
            store.changed();
          });
        }),
        element("a", "button", say("open"), { href: one.url }),
      );
    } else row.append(element("b", "", say("this_one")));
    list.append(row);
  }
  box.append(list);
}

/** What was done by hand, the newest first. */
export async function openHistory(): Promise<void> {
  const { box } = open(say("history"));
  const { changes } = await ask<{ changes: { revision: number; who: string; text: string; undone: boolean }[] }>(`${address}/changes`);
  const list = element("ol", "history");
  for (const one of changes) list.append(element("li", one.undone ? "undone" : "", `${one.revision}. ${one.who}: ${one.text}`));
  box.append(changes.length ? list : element("p", "small", say("nothing_yet")));
}

/** Take a published day up again: a new draft in which things can be moved. */
export async function beginChange(): Promise<void> {
  await leaveFor((await tellServer<Next>(`${address}/take-over`)).url);
}

export async function discard(): Promise<void> {
  await leaveFor((await tellServer<Next>(`${address}/discard`)).url);
}

/** Go to another page; nothing is done here any more while that is fetched. */
function leaveFor(url: string): Promise<never> {
  location.assign(url);
  return new Promise(() => undefined);
}
