// What the phone keeps, and for how long: entries until they have arrived, everything else 48 hours.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

export const KEEP_MS = 48 * 3600 * 1000;
/** How times are shown: as in the county, whatever zone the phone is set to. */
export const CLOCK = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" } as const;

export interface Place {
  lat: number;
  lon: number;
  accuracy_m: number;
}

/** One thing that happened at a visit, under the name that this phone gave it before sending. */
export interface Entry {
  id: string;
  owner: string;
  visit_id: string;
  kind: string;
  device_at: string;
  counter: number;
  place: Place | null;
  day_code: string | null;
  card: string | null;
  data: Record<string, string | number | boolean>;
  photo: ArrayBuffer | null;
  /** saved: only here · photo: the entry has arrived, its picture not yet · else the office's word. */
  state: "saved" | "photo" | "accepted" | "repeated" | "held" | "refused";
  message: string;
  changed_at: number;
}

/** The least that a stop needs without a network: no full name, no address, no number, nothing about health. */
export interface Stop {
  visit_id: string;
  owner: string;
  on: string;
  landmark: string;
  name: string;
  door: string;
  service: string;
  service_words: string;
  starts: string;
  minutes: number;
  partners: string[];
  state: string;
  there: boolean;
  since: string | null;
  ends_at: string;
  tolerance_minutes: number;
  left: boolean;
  kept_at: number;
}

interface Schema extends DBSchema {
  entries: { key: string; value: Entry; indexes: { owner: string } };
  stops: { key: string; value: Stop; indexes: { owner: string } };
  meta: { key: string; value: string | number };
}

export type Meta = "owner" | "device" | "counter" | "office_phone" | "behind_ms";

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("timebank", 1, {
    upgrade(db) {
      db.createObjectStore("entries", { keyPath: "id" }).createIndex("owner", "owner");
      db.createObjectStore("stops", { keyPath: "visit_id" }).createIndex("owner", "owner");
      db.createObjectStore("meta");
    },
  });
  return opened;
}

export async function meta(key: Meta): Promise<string> {
  return String((await (await database()).get("meta", key)) ?? "");
}

export async function setMeta(key: Meta, value: string): Promise<void> {
  await (await database()).put("meta", value, key);
}

const SIGNS = "0123456789abcdefghjkmnpqrstvwxyz";

/** A time-ordered name of the same form as the office makes them: 48 bits of milliseconds, 80 random bits. */
export function newId(prefix: string): string {
  let number = BigInt(Date.now());
  for (const byte of crypto.getRandomValues(new Uint8Array(10))) number = (number << 8n) | BigInt(byte);
  let signs = "";
  for (let place = 0; place < 26; place++, number >>= 5n) signs = SIGNS[Number(number & 31n)] + signs;
  return `${prefix}_${signs}`;
}

/** The name of this phone, made once. */
export async function deviceName(): Promise<string> {
  const known = await meta("device");
  if (known) return known;
  const made = newId("dev");
  await setMeta("device", made);
  return made;
}

/** Keep a new entry; its number and the entry are written together, so the count has no gaps and no doubles. */
export async function keep(entry: Omit<Entry, "id" | "counter" | "state" | "message" | "changed_at">): Promise<Entry> {
  const work = (await database()).transaction(["entries", "meta"], "readwrite", { durability: "strict" });
  const counter = Number((await work.objectStore("meta").get("counter")) ?? 0) + 1;
  const made: Entry = { ...entry, id: newId("evt"), counter, state: "saved", message: "", changed_at: Date.now() };
  await work.objectStore("meta").put(counter, "counter");
  await work.objectStore("entries").put(made);
  await work.done;
  return made;
}

export async function change(id: string, changes: Partial<Entry>): Promise<void> {
  const work = (await database()).transaction("entries", "readwrite");
  const entry = await work.store.get(id);
  if (entry) await work.store.put({ ...entry, ...changes, changed_at: Date.now() });
  await work.done;
}

export async function entriesOf(owner: string): Promise<Entry[]> {
  const found = await (await database()).getAllFromIndex("entries", "owner", owner);
  return found.sort((a, b) => a.counter - b.counter);
}

export function isWaiting(entry: Entry): boolean {
  return entry.state === "saved" || entry.state === "photo";
}

/** How many entries of other people wait on this phone. */
export async function waitingOfOthers(owner: string): Promise<number> {
  const all = await (await database()).getAll("entries");
  return all.filter((entry) => entry.owner !== owner && isWaiting(entry)).length;
}

export async function keepStops(owner: string, on: string, stops: Omit<Stop, "owner" | "on" | "kept_at">[]): Promise<void> {
  const work = (await database()).transaction("stops", "readwrite");
  for (const key of await work.store.index("owner").getAllKeys(owner)) await work.store.delete(key);
  for (const stop of stops) await work.store.put({ ...stop, owner, on, kept_at: Date.now() });
  await work.done;
}

export async function stopsOf(owner: string): Promise<Stop[]> {
  const found = await (await database()).getAllFromIndex("stops", "owner", owner);
  return found.sort((a, b) => `${a.on} ${a.starts}`.localeCompare(`${b.on} ${b.starts}`));
}

const EAST_MS = 8 * 3600 * 1000; // the county's zone, without summer time

/** What day it is in the county, by the office's clock as this phone last heard it. */
export async function today(): Promise<string> {
  const behind = Number(await meta("behind_ms"));
  return new Date(Date.now() + behind + EAST_MS).toISOString().slice(0, 10);
}

/** Drop what is older than 48 hours and no longer needed: stops, and entries that have arrived. */
export async function purge(now = Date.now()): Promise<void> {
  const work = (await database()).transaction(["entries", "stops"], "readwrite");
  for (const stop of await work.objectStore("stops").getAll()) {
    if (now - stop.kept_at > KEEP_MS) await work.objectStore("stops").delete(stop.visit_id);
  }
  for (const entry of await work.objectStore("entries").getAll()) {
    if (!isWaiting(entry) && now - entry.changed_at > KEEP_MS) await work.objectStore("entries").delete(entry.id);
  }
  await work.done;
}

/** Forget a person: at sign-out, when everything of theirs has arrived. */
export async function forget(owner: string): Promise<void> {
  const work = (await database()).transaction(["entries", "stops", "meta"], "readwrite");
  for (const name of ["entries", "stops"] as const) {
    const store = work.objectStore(name);
    for (const key of await store.index("owner").getAllKeys(owner)) await store.delete(key);
  }
  await work.objectStore("meta").delete("owner");
  await work.done;
}
