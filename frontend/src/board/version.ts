// Which version of the day the page speaks of: it may turn to another one without being fetched anew.
import { address, part, speakOf, tell } from "./page";
import { ask } from "./server";
import type { Store } from "./store";
import type { Live } from "./types";

export interface Next {
  id: string;
  url: string;
}

let stream: EventSource | undefined;

/** Draw the version that the page speaks of, and follow its day as long as it counts or may still do so. */
export async function show(store: Store): Promise<void> {
  await store.load();
  store.takeLive(await ask<Live>(`${address}/live`));
  part("board").dataset.ready = "yes";
  if (["published", "draft"].includes(store.board.plan.state)) follow(store);
}

/** Turn to another version, such as a repaired day, which is wanted within a second; its differences are read first. */
export async function turnTo(store: Store, next: Next): Promise<void> {
  const before = store.board.plan.id;
  part("board").dataset.ready = "no";
  stream?.close();
  history.pushState(null, "", next.url);
  speakOf(next.id, before);
  tell("");
  Object.assign(store, { selectedVisit: null, selectedTask: null, selectedCarer: null });
  await show(store).catch(() => location.reload()); // the page that is fetched anew says what is wrong
  part("board-changes").focus();
}

/** The day as it happens: the stream says that something is new, then the board asks what. */
export function follow(store: Store): void {
  stream?.close();
  stream = new EventSource(`${address}/stream`);
  let known = "";
  const about = address;
  stream.addEventListener("changed", (event) => {
    if (event.data === known) return;
    known = event.data;
    ask<Live>(`${about}/live`)
      .then((live) => about === address && store.takeLive(live)) // the page may have turned to another version meanwhile
      .catch(() => (known = "")); // the stream says it again
  });
}
