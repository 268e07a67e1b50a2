// The form of an assessment on a tablet: each answer is kept here first and sent when there is a network. Without this
// script the form is a plain form.
import { sendDraft, type Outcome } from "./send";
import { draftOf, dropDraft, keepAnswer, keepDraft, purgeDrafts, type Draft } from "./store";

const WAIT_MS = 1_500;
const AGAIN_MS = 30_000;
const OURS = new Set(["csrf_token", "next", "sign"]);
const CLOCK = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" } as const;

const box = document.getElementById("draft-state");
let soon: number | undefined;

function tell(name: string, state = "waiting"): void {
  const line = box?.querySelector("p");
  if (!box || !line) return;
  const time = new Date().toLocaleTimeString([], CLOCK);
  line.textContent = (box.dataset[name] ?? name).replace("{time}", time);
  box.className = `note ${state} no-print`;
  box.hidden = false;
}

function valuesOf(form: HTMLFormElement): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of new FormData(form)) {
    if (!OURS.has(name) && typeof value === "string") values[name] = value;
  }
  return values;
}

function fill(form: HTMLFormElement, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList) field.value = value;
    else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
  }
}

async function attempt(id: string): Promise<Outcome> {
  const outcome = await (navigator.locks ? navigator.locks.request("timebank-assess", () => sendDraft(id)) : sendDraft(id));
  if (outcome === "arrived") tell("arrived", "done");
  else if (outcome === "no_network") tell("kept");
  else if (outcome === "sign_in") tell("signIn");
  else if (outcome === "closed") tell("closed", "refused");
  else tell(outcome.refused, "refused");
  return outcome;
}

function listen(form: HTMLFormElement, id: string): void {
  form.addEventListener("input", (event) => {
    const field = event.target as HTMLInputElement;
    if (!field.name || OURS.has(field.name)) return;
    void keepAnswer(id, field.name, field.value).then(() => {
      clearTimeout(soon);
      soon = window.setTimeout(() => void attempt(id), WAIT_MS);
    });
  });
  form.addEventListener("submit", (event) => void onSubmit(event, form, id), { capture: true });
  window.addEventListener("online", () => void attempt(id));
  setInterval(() => void retry(id), AGAIN_MS);
}

async function retry(id: string): Promise<void> {
  if ((await draftOf(id))?.unsent.length) await attempt(id);
}

/** On to the next part without a network; signing waits for one. With a network the form goes its plain way. */
async function onSubmit(event: SubmitEvent, form: HTMLFormElement, id: string): Promise<void> {
  if (form.dataset.sending) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  clearTimeout(soon);
  const button = event.submitter as HTMLButtonElement | null;
  const outcome = await attempt(id);
  if (outcome === "no_network" && button?.name === "sign") tell("signLater");
  if (outcome === "arrived" && form.dataset.assessment) {
    form.dataset.sending = "yes";
    if (button?.name === "sign") await dropDraft(id); // the office has it all; if it is not signed, the page keeps it anew
    form.requestSubmit(button);
  } else {
    document.getElementById(`part-${button?.dataset.next ?? "sign"}`)?.scrollIntoView();
  }
}

/** The page with a network: what the tablet kept and the office does not have goes on top of what the office has. */
async function startOnline(form: HTMLFormElement): Promise<void> {
  const id = form.dataset.assessment ?? "";
  const kept = await draftOf(id);
  const mine = kept && kept.owner === form.dataset.owner ? kept : undefined;
  const unsent = mine?.unsent ?? [];
  fill(form, Object.fromEntries(unsent.map((name) => [name, mine?.values[name] ?? ""])));
  await keepDraft({
    id,
    owner: form.dataset.owner ?? "",
    scale: form.dataset.scale ?? "",
    label: form.dataset.label ?? "",
    values: valuesOf(form),
    unsent,
    changed_at: Date.now(),
  });
  listen(form, id);
  if (unsent.length) await attempt(id);
}

/** The page without a network: the empty form of the scale, filled from what the tablet keeps. */
async function startOffline(place: HTMLElement): Promise<void> {
  const id = location.pathname.match(/^\/assessments\/([a-z0-9_]+)\/form$/)?.[1] ?? "";
  const draft: Draft | undefined = id ? await draftOf(id) : undefined;
  const template = document.querySelector<HTMLTemplateElement>(`template[data-scale="${CSS.escape(draft?.scale ?? "")}"]`);
  if (!draft || !template) return tell("notHere", "refused");
  place.replaceChildren(template.content.cloneNode(true));
  const label = document.getElementById("draft-label");
  if (label) label.textContent = `· ${draft.label}`;
  const form = place.querySelector("form");
  if (!form) return;
  fill(form, draft.values);
  listen(form, id);
  tell(draft.unsent.length ? "kept" : "offline");
}

async function start(): Promise<void> {
  await purgeDrafts();
  const form = document.querySelector<HTMLFormElement>("form[data-assessment]");
  const place = document.getElementById("draft-here");
  if (form) await startOnline(form);
  else if (place) await startOffline(place);
  const worker = box?.dataset.worker;
  if (worker && "serviceWorker" in navigator) {
    await navigator.serviceWorker.register(worker, { scope: "/" }).catch(() => undefined);
    await keepEmptyForm().catch(() => undefined);
  }
}

/** Let this tablet open the form without a network: the empty page, which names nobody, and this script. */
async function keepEmptyForm(): Promise<void> {
  const { form, script } = box?.dataset ?? {};
  if (!form || !script || !navigator.onLine) return;
  const cache = await caches.open("shell");
  await cache.add(script);
  const page = await fetch(form, { credentials: "omit", cache: "no-store" });
  if (page.ok) await cache.put(form, page);
}

void start();
