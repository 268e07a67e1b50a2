// What the page says about the queue: what is on the phone only, what has arrived, what the office said.
import type { Outcome } from "./queue";
import { CLOCK, entriesOf, isWaiting, meta, waitingOfOthers, type Entry } from "./store";

const SHOWN = 4;

export function panel(): HTMLElement | null {
  return document.getElementById("queue");
}

/** A sentence that the page brought along in the reader's language. */
export function word(name: string, n = 0): string {
  return (panel()?.dataset[name] ?? "").replace("{n}", String(n));
}

/** Whose entries this page shows: the signed-in reader's, or without a network the last one's. */
export async function owner(): Promise<string> {
  return panel()?.dataset.owner || (await meta("owner"));
}

export function tell(text: string, state = "waiting"): void {
  const box = panel();
  const line = document.getElementById("queue-state");
  if (!box || !line) return;
  box.hidden = text === "";
  box.dataset.state = state;
  line.textContent = text;
}

/** Say how things stand after an attempt to send; nothing while `isBusy`: words about what is just being said stay. */
export async function report(outcome: Outcome | null, isBusy = (): boolean => false): Promise<void> {
  const own = await owner();
  const entries = await entriesOf(own);
  const waiting = entries.filter(isWaiting).length;
  const others = await waitingOfOthers(own);
  const parts = [];
  if (waiting) parts.push(word("waiting", waiting));
  else if (entries.length) parts.push(word("allArrived"));
  if (outcome === "sign_in" && waiting) parts.push(word("signIn"));
  if (outcome === "no_network") parts.push(word("offline"));
  if (others) parts.push(word("others", others));
  if (isBusy()) return;
  tell(parts.join(" "), state(entries, waiting));
  list(entries);
}

function state(entries: Entry[], waiting: number): string {
  if (waiting) return "waiting";
  return entries.some((entry) => entry.state === "refused") ? "refused" : "arrived";
}

/** What a kind of entry is called, in the reader's language. */
function kindOf(kind: string): string {
  return panel()?.querySelector(`[data-kind="${kind}"]`)?.textContent ?? kind;
}

function list(entries: Entry[]): void {
  const said = document.getElementById("queue-said");
  if (!said) return;
  const lines = entries.slice(-SHOWN).reverse().map((entry) => {
    const line = document.createElement("li");
    const at = new Date(entry.device_at).toLocaleTimeString([], CLOCK);
    const sign = isWaiting(entry) ? "↑" : entry.state === "refused" ? "✗" : "✓";
    line.textContent = `${sign} ${at} ${kindOf(entry.kind)}${entry.message ? ` · ${entry.message}` : ""}`;
    line.dataset.state = entry.state;
    return line;
  });
  said.replaceChildren(...lines);
}
