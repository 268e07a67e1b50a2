// Sending the answers of a draft: only those that the office does not have, any number of times.
import { draftOf, draftsOf, dropDraft, markSent, type Draft } from "./store";

const PATIENCE_MS = 15_000;

/** What came of it: arrived, no network, asks to sign in, the form is closed, or an answer was not taken. */
export type Outcome = "arrived" | "no_network" | "sign_in" | "closed" | { refused: string };

interface Office {
  is_open: boolean;
  owner: string;
  csrf: string;
  values: Record<string, string>;
}

async function ask(address: string, options: RequestInit = {}): Promise<Response | "no_network" | "sign_in" | "closed"> {
  try {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: patience, ...options });
    if (answer.status === 401 || answer.status === 403) return "sign_in";
    if (answer.status === 404 || answer.status === 409) return "closed";
    return answer.status >= 500 ? "no_network" : answer;
  } catch {
    return "no_network";
  }
}

export async function sendDraft(id: string): Promise<Outcome> {
  const draft = await draftOf(id);
  if (!draft) return "arrived";
  const address = `/api/assessments/${id}/draft`;
  const found = await ask(address);
  if (typeof found === "string") return found === "closed" ? closed(id) : found;
  const office = (await found.json().catch(() => undefined)) as Office | undefined;
  if (!office) return "sign_in"; // the sign-in page, not JSON
  if (office.owner !== draft.owner) return "sign_in";
  if (!office.is_open) return closed(id);
  const values = Object.fromEntries(draft.unsent.map((name) => [name, draft.values[name] ?? ""]));
  if (!draft.unsent.length) return "arrived";
  const headers = { "Content-Type": "application/json", "X-CSRFToken": office.csrf };
  const answer = await ask(address, { method: "POST", headers, body: JSON.stringify({ values }) });
  if (typeof answer === "string") return answer === "closed" ? closed(id) : answer;
  const word = (await answer.json().catch(() => undefined)) as { error?: { message: string } } | undefined;
  if (!word) return "no_network"; // the page of a Wi-Fi in between, not the office
  if (!answer.ok) return word.error ? { refused: word.error.message } : "no_network";
  await markSent(id, values);
  return "arrived";
}

async function closed(id: string): Promise<Outcome> {
  await dropDraft(id);
  return "closed";
}

/** Before somebody signs out: send everything of theirs; a draft of which some is on this tablet only, if any. */
export async function firstUnsent(owner: string): Promise<Draft | undefined> {
  for (const draft of await draftsOf(owner)) {
    if (draft.unsent.length) await sendDraft(draft.id);
  }
  return (await draftsOf(owner)).find((draft) => draft.unsent.length > 0);
}
