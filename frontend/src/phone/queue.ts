// Sending what the phone has kept: in any order, any number of times; the office counts each name once.
import { change, deviceName, entriesOf, isWaiting, keepStops, setMeta, type Entry, type Stop } from "./store";

const BATCH = 100;
const PATIENCE_MS = 20_000;

/** What came of an attempt: the office answered, nobody answered, or it asks to sign in first. */
export type Outcome = "arrived" | "no_network" | "sign_in";

interface Today {
  owner: string;
  csrf: string;
  /** The office's clock. */
  now: string;
  on: string;
  office_phone: string;
  /** How many carers have arrived, by visit. */
  here: Record<string, number>;
  stops: Omit<Stop, "owner" | "on" | "kept_at">[];
}

interface Result {
  id: string;
  state: Entry["state"];
  message: string;
}

interface Word {
  message: string;
}

async function ask(address: string, options: RequestInit = {}): Promise<Response | "no_network" | "sign_in"> {
  try {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: patience, ...options });
    if (answer.status === 401 || answer.status === 403) return "sign_in";
    return answer.status >= 500 ? "no_network" : answer;
  } catch {
    return "no_network";
  }
}

/** What the office says. What is no such answer was not the office: the page of a hotel's or station's Wi-Fi, say. */
async function said<T>(answer: Response, has: keyof T): Promise<T | null> {
  const word = (await answer.json().catch(() => null)) as T | null;
  return word?.[has] === undefined ? null : word;
}

async function fetchToday(): Promise<Today | "no_network" | "sign_in"> {
  const answer = await ask("/api/today");
  if (typeof answer === "string") return answer;
  if (!answer.ok) return "sign_in";
  return (await said<Today>(answer, "stops")) ?? "no_network";
}

/** How many carers have arrived at a visit; null where the office does not answer. */
export async function arrivedAt(visit: string): Promise<number | null> {
  const today = await fetchToday();
  return typeof today === "string" ? null : (today.here[visit] ?? null);
}

/** Fetch today's stops, then send everything of theirs that waits. One at a time, also across tabs and the worker. */
export async function sync(): Promise<Outcome> {
  if (!navigator.locks) return syncNow();
  return (await navigator.locks.request("timebank-queue", syncNow)) as Outcome;
}

async function syncNow(): Promise<Outcome> {
  const today = await fetchToday();
  if (typeof today === "string") return today;
  await setMeta("owner", today.owner);
  await setMeta("office_phone", today.office_phone);
  await setMeta("behind_ms", String(Date.parse(today.now) - Date.now()));
  const waiting = (await entriesOf(today.owner)).filter(isWaiting);
  for (let from = 0; from < waiting.length; from += BATCH) {
    const outcome = await send(waiting.slice(from, from + BATCH), today.csrf);
    if (outcome !== "arrived") return outcome;
  }
  await keepStops(today.owner, today.on, today.stops);
  return "arrived";
}

async function send(entries: Entry[], csrf: string): Promise<Outcome> {
  const unsaid = entries.filter((entry) => entry.state === "saved");
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf };
  const told = { device: await deviceName(), sent_at: new Date().toISOString(), events: unsaid.map(asSent) };
  if (unsaid.length) {
    const answer = await ask("/api/visit-events", { method: "POST", headers, body: JSON.stringify(told) });
    if (typeof answer === "string") return answer;
    const words = answer.ok ? await said<{ results: Result[] }>(answer, "results") : null;
    if (!words) return "no_network";
    await hear(unsaid, words.results);
  }
  for (const entry of entries) {
    const outcome = entry.photo ? await sendPhoto(entry, csrf) : "arrived";
    if (outcome !== "arrived") return outcome;
  }
  return "arrived";
}

function asSent(entry: Entry): Record<string, unknown> {
  const { id, visit_id, kind, device_at, counter, place, day_code, card, data } = entry;
  return { id, visit_id, kind, device_at, counter, place, day_code, card, data };
}

async function hear(entries: Entry[], results: Result[]): Promise<void> {
  const words = new Map(results.map((result) => [result.id, result]));
  for (const entry of entries) {
    const result = words.get(entry.id);
    if (!result) continue;
    const waitsForPhoto = entry.photo && result.state !== "refused";
    entry.state = waitsForPhoto ? "photo" : result.state;
    await change(entry.id, { state: entry.state, message: result.message });
  }
}

async function sendPhoto(entry: Entry, csrf: string): Promise<Outcome> {
  if (entry.state !== "photo" || !entry.photo) return "arrived";
  const headers = { "Content-Type": "image/jpeg", "X-CSRFToken": csrf };
  const answer = await ask(`/api/visit-photos/${entry.id}`, { method: "POST", headers, body: entry.photo });
  if (typeof answer === "string") return answer;
  const word = answer.ok ? await said<Word>(answer, "message") : (await said<{ error: Word }>(answer, "error"))?.error;
  if (!word) return "no_network";
  const { message } = word;
  await change(entry.id, { state: answer.ok ? "accepted" : "refused", message, photo: null });
  return "arrived";
}
