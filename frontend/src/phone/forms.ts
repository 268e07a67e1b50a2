// The forms of a visit: kept on the phone first, then sent. Without this script they are plain forms.
import { shrunk } from "./photo";
import { placeNow } from "./place";
import { sync } from "./queue";
import { report, owner, tell, word } from "./status";
import { keep, type Entry } from "./store";

const NUMBERS = new Set(["systolic", "diastolic", "pulse", "water_c", "room_c"]);
const OURS = new Set(["csrf_token", "kind", "day_code", "card", "photo"]);

/** Let a form of a visit go through the queue. */
export function bind(form: HTMLFormElement): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    void take(form).finally(() => delete form.dataset.busy);
  });
}

async function take(form: HTMLFormElement): Promise<void> {
  const happened = new Date();
  const photo = await photoOf(form);
  if (photo === "unreadable") return tell(word("badPhoto"), "refused");
  if (form.dataset.place !== undefined) tell(word("place"));
  const place = form.dataset.place !== undefined ? await placeNow() : null;
  try {
    await keep({ ...content(form), owner: await owner(), device_at: happened.toISOString(), place, photo });
  } catch {
    tell(word("notKept"), "refused");
    if (navigator.onLine && form.getAttribute("action")) HTMLFormElement.prototype.submit.call(form);
    return;
  }
  await askForSync();
  tell(word("sending"));
  const outcome = await sync();
  await report(outcome);
  if (outcome === "arrived" || navigator.serviceWorker?.controller) location.reload();
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
