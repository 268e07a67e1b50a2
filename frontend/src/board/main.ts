// The coordinator's board: waiting visits, timeline, map, figures and a card; what is selected in one is so in all.
import { drawChanges } from "./changes";
import { Card } from "./card";
import { beginChange, discard, openHistory, openIncident, openPlanner, openVersions } from "./dialogs";
import { Drag } from "./drag";
import { drawFigures } from "./figures";
import { DayMap } from "./map";
import { address, part, say, tell } from "./page";
import { ask, tellServer } from "./server";
import { Store } from "./store";
import { Timeline } from "./timeline";
import type { Board, Live } from "./types";
import { drawWaiting } from "./waiting";

const store = new Store();
const timeline = new Timeline(store);
const map = new DayMap(store);
const card = new Card(store, (kind, carer, visit) => openIncident(store, kind, carer, visit));
new Drag(store, timeline);

store.listen(() => {
  drawWaiting(store);
  timeline.draw();
  drawMapSoon();
  drawFigures(store);
  drawChanges(store);
  card.draw();
  drawTools();
});

let mapWaits = 0;

/** The map is drawn after the rest: a drop is answered by the timeline first. */
function drawMapSoon(): void {
  window.clearTimeout(mapWaits);
  mapWaits = window.setTimeout(() => map.draw(), 60);
}

function drawTools(): void {
  const { plan, faults } = store.board;
  part("board").dataset.revision = String(plan.revision);
  const show = (id: string, when: boolean): void => {
    part(id).hidden = !when;
  };
  show("board-plan", plan.state === "draft");
  show("board-publish", plan.state === "draft");
  show("board-undo", store.isDraft);
  show("board-discard", plan.state === "draft" && plan.amends !== null);
  show("board-change", plan.state === "published");
  show("board-incidents", plan.state === "published");
  part<HTMLButtonElement>("board-publish").disabled = faults.length > 0;
}

async function publish(): Promise<void> {
  try {
    Object.assign(store.board, await tellServer<Board>(`${address}/publish`, { revision: store.board.plan.revision }));
    await store.load();
    tell(say("published"));
    void follow();
  } catch (error) {
    await store.refused(error);
  }
}

function click(id: string, act: () => void): void {
  part(id).addEventListener("click", act);
}

click("board-plan", () => void openPlanner(store));
click("board-publish", () => void publish());
click("board-undo", () => void store.change("undo", {}).then((done) => done && tell(say("undone"))));
click("board-discard", () => void discard());
click("board-change", () => void beginChange());
click("board-versions", () => void openVersions(store));
click("board-history", () => void openHistory());
part("board-all-carers").addEventListener("change", () => timeline.draw());
part("board-dialog-close").addEventListener("click", () => part<HTMLDialogElement>("board-dialog").close());
for (const tool of document.querySelectorAll<HTMLElement>("[data-incident]")) {
  tool.addEventListener("click", () => openIncident(store, tool.dataset.incident ?? "", store.selectedCarer ?? ""));
}
part("board-timeline").addEventListener("click", (event) => {
  const carer = (event.target as Element).closest<SVGElement>("[data-carer]");
  if (carer) store.select(null, null, carer.dataset.carer ?? null);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && store.isDraft && !(event.target instanceof HTMLInputElement)) {
    event.preventDefault();
    part("board-undo").click();
  }
});

let following = false;

/** The day as it happens: the stream says that something is new, then the board asks what. */
async function follow(): Promise<void> {
  if (following) return;
  following = true;
  const stream = new EventSource(`${address}/stream`);
  let known = "";
  stream.addEventListener("changed", (event) => {
    if (event.data === known) return;
    known = event.data;
    void ask<Live>(`${address}/live`).then((live) => store.takeLive(live));
  });
}

async function start(): Promise<void> {
  const [live] = await Promise.all([ask<Live>(`${address}/live`), store.load()]);
  store.takeLive(live);
  part("board").dataset.ready = "yes";
  if (store.board.plan.state === "published") await follow();
}

start().catch((error: unknown) => tell(error instanceof Error ? error.message : String(error), "refused"));
