// The page that opens without a network: today's stops, or the one that the address names, from what the phone keeps.
import { bind } from "./forms";
import { CLOCK, entriesOf, meta, stopsOf, today, type Entry, type Stop } from "./store";

let on = ""; // today in the county

/** Fill the page from the phone's own store. What is left of an earlier day is shown to who is still signed in there. */
export async function draw(page: HTMLElement): Promise<void> {
  const owner = await meta("owner");
  const entries = await entriesOf(owner);
  on = await today();
  const stops = (await stopsOf(owner)).filter((stop) => stop.on >= on || isThere(stop, entries));
  const wanted = location.pathname.match(/^\/stops\/([a-z0-9_]+)/)?.[1] ?? location.hash.slice(1);
  const door = location.pathname.match(/^\/door\/([0-9A-Za-z-]+)/)?.[1];
  const stop = stops.find((one) => one.visit_id === wanted || one.door === door);
  if (stop) showStop(page, stop, entries.filter((entry) => entry.visit_id === stop.visit_id), door);
  else showList(page, stops, entries, door);
  await showOffice(page);
  for (const form of page.querySelectorAll<HTMLFormElement>("form[data-visit-event]")) bind(form);
}

function part(name: string): DocumentFragment {
  const template = document.getElementById(`t-${name}`) as HTMLTemplateElement;
  return template.content.cloneNode(true) as DocumentFragment;
}

function fill(root: ParentNode, slot: string, value: string): void {
  const place = root.querySelector(`[data-slot="${slot}"]`);
  if (place) place.textContent = value;
}

function card(page: HTMLElement, stop: Stop): DocumentFragment {
  const made = part("stop");
  made.querySelector(".stop")?.classList.add(stop.service);
  for (const slot of ["landmark", "name", "service_words"] as const) fill(made, slot, stop[slot]);
  fill(made, "starts", withDay(stop, stop.starts));
  fill(made, "minutes", (page.dataset.minutes ?? "").replace("{n}", String(stop.minutes)));
  fill(made, "partners", stop.partners.map((name) => (page.dataset.with ?? "").replace("{name}", name)).join(" "));
  made.querySelector<HTMLAnchorElement>('[data-slot="link"]')?.setAttribute("href", `/stops/${stop.visit_id}`);
  return made;
}

function showList(page: HTMLElement, stops: Stop[], entries: Entry[], door: string | undefined): void {
  const said = door ? page.dataset.otherDoor : stops.length ? "" : page.dataset.none;
  const line = document.createElement("p");
  line.textContent = said ?? "";
  const cards = stops.map((stop) => {
    const made = card(page, stop);
    if (stop.left || has(entries, stop, "check_out")) made.append(part("left"));
    else made.prepend(forgotten(page, stop, entries));
    return made;
  });
  page.replaceChildren(line, ...cards);
  for (const form of page.querySelectorAll<HTMLFormElement>("[data-asks-at] form")) {
    form.dataset.visit = form.closest<HTMLElement>("[data-asks-at]")?.dataset.visit ?? "";
  }
}

const MINUTE_MS = 60_000;

/** The question to somebody who is still signed in; it shows itself when its time has come. */
function forgotten(page: HTMLElement, stop: Stop, entries: Entry[]): DocumentFragment {
  const came = has(entries, stop, "check_in")?.device_at ?? stop.since;
  if (!came || !stop.ends_at) return document.createDocumentFragment();
  const ends = Math.max(Date.parse(stop.ends_at), Date.parse(came) + stop.minutes * MINUTE_MS);
  const until = new Date(ends).toLocaleTimeString([], CLOCK);
  const made = part("forgotten");
  const since = withDay(stop, new Date(came).toLocaleTimeString([], CLOCK));
  const words = { place: stop.landmark, since, ends: until };
  let said = page.dataset.forgotten ?? "";
  for (const [name, value] of Object.entries(words)) said = said.replace(`{${name}}`, value);
  fill(made, "forgotten", said);
  const box = made.querySelector<HTMLElement>("[data-asks-at]");
  box?.setAttribute("data-asks-at", new Date(ends + stop.tolerance_minutes * MINUTE_MS).toISOString());
  box?.setAttribute("data-visit", stop.visit_id);
  const input = made.querySelector<HTMLInputElement>('input[name="left"]');
  input?.setAttribute("value", until);
  input?.setAttribute("id", `left-${stop.visit_id}`);
  made.querySelector("label")?.setAttribute("for", `left-${stop.visit_id}`);
  return made;
}

/** A time of a stop; with its day, where that is not today. */
function withDay(stop: Stop, time: string): string {
  if (stop.on >= on) return time;
  const day = { month: "long", day: "numeric", timeZone: "UTC" } as const;
  return `${new Date(stop.on).toLocaleDateString(document.documentElement.lang, day)} ${time}`;
}

function isThere(stop: Stop, entries: Entry[]): boolean {
  return Boolean(has(entries, stop, "check_in") ?? stop.since) && !stop.left && !has(entries, stop, "check_out");
}

function has(entries: Entry[], stop: Stop, kind: string): Entry | undefined {
  return entries.find((entry) => entry.visit_id === stop.visit_id && entry.kind === kind && entry.state !== "refused");
}

function showStop(page: HTMLElement, stop: Stop, entries: Entry[], door: string | undefined): void {
  const came = has(entries, stop, "check_in");
  const left = stop.left || has(entries, stop, "check_out");
  const head = card(page, stop);
  head.querySelector('[data-slot="link"]')?.remove();
  const body = part(left ? "left" : came || stop.there ? "there" : "before");
  if (came) {
    const time = new Date(came.device_at).toLocaleTimeString([], CLOCK);
    fill(body, "since", (page.dataset.since ?? "").replace("{time}", time));
  }
  for (const bath of body.querySelectorAll<HTMLElement>("[data-bath]")) bath.hidden = stop.service !== "bath";
  for (const list of body.querySelectorAll<HTMLElement>("[data-service]")) {
    if (list.dataset.service !== stop.service) list.remove();
  }
  if (!left) head.append(forgotten(page, stop, entries));
  page.replaceChildren(head, body, part("always"));
  for (const form of page.querySelectorAll<HTMLFormElement>("form[data-visit-event]")) prepare(form, stop, entries, door);
}

function prepare(form: HTMLFormElement, stop: Stop, entries: Entry[], door: string | undefined): void {
  form.dataset.visit = stop.visit_id;
  if (form.dataset.visitEvent === "check_in" && door) form.append(hidden("card", door));
  const task = form.querySelector<HTMLInputElement>('input[name="task"]')?.value;
  const button = form.querySelector("button");
  if (task && button && entries.some((entry) => entry.kind === "tick" && entry.data.task === task)) {
    button.setAttribute("aria-pressed", "true");
    button.disabled = true;
  }
}

function hidden(name: string, value: string): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  input.value = value;
  return input;
}

async function showOffice(page: HTMLElement): Promise<void> {
  const phone = await meta("office_phone");
  for (const link of page.querySelectorAll<HTMLAnchorElement>("[data-office-phone]")) {
    link.hidden = !phone;
    link.href = `tel:${phone}`;
  }
}
