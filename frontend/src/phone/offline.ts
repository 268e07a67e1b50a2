// The page that opens without a network: today's stops, or the one that the address names, from what the phone keeps.
import { bind } from "./forms";
import { CLOCK, entriesOf, meta, stopsOf, type Entry, type Stop } from "./store";

/** Fill the page from the phone's own store. */
export async function draw(page: HTMLElement): Promise<void> {
  const owner = await meta("owner");
  const stops = await stopsOf(owner);
  const entries = await entriesOf(owner);
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
  for (const slot of ["starts", "landmark", "name", "service_words"] as const) fill(made, slot, stop[slot]);
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
    return made;
  });
  page.replaceChildren(line, ...cards);
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
