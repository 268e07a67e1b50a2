// The coordinator's board: waiting visits, timeline, map, figures and a card; what is selected in one is so in all.
import { drawChanges } from "./changes";
import { Card } from "./card";
import { beginChange, discard, openHistory, openIncident, openPlanner, openVersions } from "./dialogs";
import { Drag } from "./drag";
import { drawFigures } from "./figures";
import { DayMap } from "./map";
import { drawNewer } from "./newer";
import { address, part, say, tell } from "./page";
import { tellServer } from "./server";
import { Store } from "./store";
import { Timeline } from "./timeline";
import type { Board } from "./types";
import { follow, show } from "./version";
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
  drawNewer(store);
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
  part<HTMLButtonElement>("board-undo").disabled = !plan.can_undo;
}

async function publish(): Promise<void> {
  Object.assign(store.board, await tellServer<Board>(`${address}/publish`, { revision: store.board.plan.revision }));
  await store.load();
  tell(say("published"));
  follow(store);
}

/** On a slow line a second press is none, until the first is answered. */
function click(id: string, act: () => Promise<unknown>): void {
  let isBusy = false;
  part(id).addEventListener("click", () => {
    if (isBusy) return;
    isBusy = true;
    part(id).setAttribute("aria-busy", "true");
    void act()
      .catch((error: unknown) => store.refused(error))
      .finally(() => {
        isBusy = false;
        part(id).removeAttribute("aria-busy");
      });
  });
}

click("board-plan", () => openPlanner(store));
click("board-publish", publish);
click("board-undo", () => store.change("undo", {}).then((done) => done && tell(say("undone"))));
click("board-discard", discard);
click("board-change", beginChange);
click("board-versions", () => openVersions(store));
click("board-history", openHistory);
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

addEventListener("pageshow", (event) => event.persisted && location.reload()); // come back to: the day went on meanwhile
addEventListener("popstate", () => location.reload()); // back to a version that the page had turned from

show(store).catch((error: unknown) => tell(error instanceof Error ? error.message : String(error), "refused"));
