// The forms of a visit: kept on the phone first, then sent. Without this script they are plain forms.
import { shrunk } from "./photo";
import { placeNow } from "./place";
import { sync, type Outcome } from "./queue";
import { report, owner, tell, word } from "./status";
import { keep, type Entry } from "./store";

const NUMBERS = new Set(["systolic", "diastolic", "pulse", "water_c", "room_c"]);
const OURS = new Set(["csrf_token", "kind", "day_code", "card", "photo"]);

// Forms being kept at this moment. The page is drawn anew only when none is left: a new page would end the others.
let underWay = 0;
let isLeaving = false;

/** Whether something is being said: then the page has other words than what has arrived before. */
export function isSaying(): boolean {
  return underWay > 0;
}

/** Let a form of a visit go through the queue. */
export function bind(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.busy) void tellOffice(form);
  });
}

async function tellOffice(form: HTMLFormElement): Promise<void> {
  form.dataset.busy = "yes";
  stay();
  underWay += 1;
  let outcome: Outcome | null = null;
  try {
    outcome = await take(form);
  } finally {
    underWay -= 1;
    delete form.dataset.busy;
  }
  if (outcome) drawAnew(form, outcome);
}

/** Keep what a form says, then try to send it. Nothing comes back where it could not be kept. */
async function take(form: HTMLFormElement): Promise<Outcome | null> {
  const happened = new Date();
  const photo = await photoOf(form);
  if (photo === "unreadable") {
    tell(word("badPhoto"), "refused");
    return null;
  }
  if (form.dataset.place !== undefined) tell(word("place"));
  const place = form.dataset.place !== undefined ? await placeNow(form.dataset.visitEvent === "sos") : null;
  try {
    await keep({ ...content(form), owner: await owner(), device_at: happened.toISOString(), place, photo });
  } catch {
    tell(word("notKept"), "refused");
    if (navigator.onLine && form.getAttribute("action")) HTMLFormElement.prototype.submit.call(form);
    return null;
  }
  await askForSync();
  tell(word("sending"));
  const outcome = await sync();
  await report(outcome);
  return outcome;
}

/** Show the visit as it now is, unless somebody is writing elsewhere on the page: their words would be gone. */
function drawAnew(form: HTMLFormElement, outcome: Outcome): void {
  if (isWriting(form)) form.querySelectorAll("button").forEach((button) => (button.disabled = true));
  else if (!underWay && (outcome === "arrived" || navigator.serviceWorker?.controller)) {
    isLeaving = true;
    location.reload();
  }
}

/** Show what others have told meanwhile, unless something is being said or written here. */
export function drawAnewWhenQuiet(): void {
  if (underWay || isWriting(null)) return;
  isLeaving = true;
  location.reload();
}

/** A new page that is still on its way, slowly perhaps, would end this one with what is being said now. */
function stay(): void {
  if (isLeaving) window.stop();
  isLeaving = false;
}

function isWriting(kept: HTMLFormElement | null): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("main input:not([type=hidden]), main textarea");
  return [...fields].some((field) => field.form !== kept && hasChanged(field));
}

function hasChanged(field: HTMLInputElement | HTMLTextAreaElement): boolean {
  if (field instanceof HTMLInputElement && field.type === "checkbox") return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}

async function photoOf(form: HTMLFormElement): Promise<ArrayBuffer | null | "unreadable"> {
  const file = new FormData(form).get("photo");
  if (!(file instanceof File) || !file.size) return null;
  return shrunk(file).catch(() => "unreadable" as const);
}

function content(form: HTMLFormElement): Pick<Entry, "visit_id" | "kind" | "day_code" | "card" | "data"> {
  const given = new FormData(form);
  const data: Entry["data"] = {};
  for (const [name, value] of given) {
    if (OURS.has(name) || typeof value !== "string" || value === "") continue;
    data[name] = NUMBERS.has(name) ? Number(value) : value === "yes" ? true : value;
  }
  return {
    visit_id: form.dataset.visit ?? "",
    kind: form.dataset.visitEvent ?? "",
    day_code: text(given, "day_code"),
    card: text(given, "card"),
    data,
  };
}

function text(given: FormData, name: string): string | null {
  const value = given.get(name);
  return typeof value === "string" && value !== "" ? value : null;
}

/** Ask the browser to send when there is a network again, even if the page is closed by then. */
async function askForSync(): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker && "sync" in worker) {
    await (worker as unknown as { sync: { register(tag: string): Promise<void> } }).sync.register("queue").catch(() => undefined);
  }
}
