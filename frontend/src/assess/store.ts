// What a tablet keeps of an assessment form: the answers, for 48 hours at most, until the office has them or somebody
// signs out. The elder is named by family name and circles only.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

export const KEEP_MS = 48 * 3600 * 1000;

export interface Draft {
  /** of the assessment */
  id: string;
  owner: string;
  scale: string;
  label: string;
  values: Record<string, string>;
  /** fields that the office does not have yet */
  unsent: string[];
  changed_at: number;
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Draft };
}

let opened: Promise<IDBPDatabase<Schema>> | undefined;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>("timebank-assess", 1, {
    upgrade(db) {
      db.createObjectStore("drafts", { keyPath: "id" });
    },
  });
  return opened;
}

export async function draftOf(id: string): Promise<Draft | undefined> {
  return (await database()).get("drafts", id);
}

export async function keepDraft(draft: Draft): Promise<void> {
  await (await database()).put("drafts", draft);
}

/** Change one answer; read and write are one step, so that two quick answers lose nothing. */
export async function keepAnswer(id: string, name: string, value: string): Promise<void> {
  const work = (await database()).transaction("drafts", "readwrite");
  const draft = await work.store.get(id);
  if (draft) {
    draft.values[name] = value;
    draft.unsent = [...new Set([...draft.unsent, name])];
    draft.changed_at = Date.now();
    await work.store.put(draft);
  }
  await work.done;
}

/** Note what has arrived; an answer that was changed while it was under way stays unsent. */
export async function markSent(id: string, sent: Record<string, string>): Promise<void> {
  const work = (await database()).transaction("drafts", "readwrite");
  const draft = await work.store.get(id);
  if (draft) {
    draft.unsent = draft.unsent.filter((name) => !(name in sent) || draft.values[name] !== sent[name]);
    await work.store.put(draft);
  }
  await work.done;
}

export async function dropDraft(id: string): Promise<void> {
  await (await database()).delete("drafts", id);
}

export async function draftsOf(owner: string): Promise<Draft[]> {
  return (await (await database()).getAll("drafts")).filter((draft) => draft.owner === owner);
}

/** Drop what was not touched for 48 hours, sent or not: health data do not lie around. */
export async function purgeDrafts(now = Date.now()): Promise<void> {
  const work = (await database()).transaction("drafts", "readwrite");
  for (const draft of await work.store.getAll()) {
    if (now - draft.changed_at > KEEP_MS) await work.store.delete(draft.id);
  }
  await work.done;
}

/** Forget a person's drafts: at sign-out. */
export async function forgetDrafts(owner: string): Promise<void> {
  for (const draft of await draftsOf(owner)) await dropDraft(draft.id);
}
