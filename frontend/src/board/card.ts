// The side card: facts of what is selected, and everything one can do with it by keyboard and menu.
import { alerts, hasBegun, letter, title } from "./look";
import { address, button, clock, element, hours, part, say, signed, tell } from "./page";
import { ask, tellServer } from "./server";
import { hint } from "./drag";
import type { Store } from "./store";
import type { BestPlace, Carer, MoveBody, Preview, Visit } from "./types";
import { showWhy } from "./why";

export class Card {
  private shown = "";
  private about = "";

  constructor(
    private store: Store,
    private happened: (kind: string, carer?: string, visit?: string) => void,
  ) {}

  draw(): void {
    const card = part("board-card");
    const { selectedVisit, selectedTask, selectedCarer, board } = this.store;
    const about = `${selectedVisit} ${selectedTask} ${selectedCarer} ${board.plan.revision} ${board.plan.id} ${board.plan.state}`;
    const mark = `${about} ${this.liveMark(selectedVisit)}`;
    if (mark === this.shown) return;
    const typed = about === this.about ? card.querySelector(".answer") : null;
    this.shown = mark;
    this.about = about;
    const visit = selectedVisit ? this.store.visits.get(selectedVisit) : undefined;
    const carer = selectedCarer ? this.store.carers.get(selectedCarer) : undefined;
    const drawn = visit ? this.ofVisit(visit) : carer ? this.ofCarer(carer) : [element("p", "small", say("select_something"))];
    if (visit && typed) this.around(card, typed, drawn.slice(0, -1));
    else card.replaceChildren(...drawn);
  }

  /** What the day says of a visit is drawn anew around what is being typed or read below it; the focus stays. */
  private around(card: HTMLElement, typed: Element, drawn: HTMLElement[]): void {
    const focused = [...card.querySelectorAll(".buttons button")].indexOf(document.activeElement as Element);
    for (const old of [...card.children]) if (old !== typed) old.remove();
    typed.before(...drawn);
    card.querySelectorAll<HTMLElement>(".buttons button")[focused]?.focus();
  }

  private liveMark(visit: string | null): string {
    return visit ? JSON.stringify(this.store.live.get(visit) ?? "") : "";
  }

  private ofVisit(visit: Visit): HTMLElement[] {
    const task = this.store.selectedTask ?? visit.tasks[0] ?? visit.id;
    const heading = element("h2", "", `${letter(visit.service)} ${title(visit)}`);
    const facts = element("dl", "facts");
    const fact = (name: string, value: string): void => {
      if (value) facts.append(element("dt", "", say(name)), element("dd", "", value));
    };
    fact("where", `${visit.village} · ${visit.landmark}`);
    fact("agreed", `${clock(visit.window[0])}–${clock(visit.window[1])} · ${hours(visit.minutes)}`);
    for (const one of visit.placed) fact("who", `${this.store.carers.get(one.carer)?.name ?? ""} ${clock(one.from)}–${clock(one.to)}`);
    fact("why_waits", visit.placed.length < visit.crew ? visit.reason_words : "");
    fact("state", this.store.live.get(visit.id)?.state_words ?? visit.state_words);
    fact("notes", visit.notes);
    for (const one of this.store.live.get(visit.id)?.answers ?? visit.answers) fact("answer", this.answer(one));
    const warnings = alerts(this.store, visit).map((text) => element("p", "warning", `⚠ ${text}`));
    return [heading, ...warnings, facts, this.doings(visit, task), element("div", "answer")];
  }

  private answer(one: Visit["answers"][number]): string {
    const who = this.store.carers.get(one.carer)?.name ?? "";
    const came = one.came ? ` · ${say("came", { at: clock(one.came) })}` : "";
    const left = one.left ? ` · ${say("left", { at: clock(one.left) })}` : "";
    return `${who}: ${say(`answer_${one.state}`)}${one.reason ? ` (${one.reason})` : ""}${came}${left}`;
  }

  private doings(visit: Visit, task: string): HTMLElement {
    const row = element("div", "buttons");
    if (this.store.isDraft && !hasBegun(this.store, visit)) {
      row.append(button(say("move"), () => void this.showPlaces(visit, task), "main"));
      const lock = visit.locks[task];
      if (lock) row.append(button(say("unlock"), () => void this.lock("none", task)));
      else if (visit.placed.some((one) => one.task === task)) {
        row.append(this.named("lock_visit", () => void this.lock("visit", task)));
        row.append(this.named("lock_pair", () => void this.lock("pair", task)));
        row.append(button(say("take_out"), () => void this.takeOut(visit)));
      }
    } else if (this.store.board.plan.state === "published" && !hasBegun(this.store, visit)) {
      row.append(button(say("substitutes"), () => void this.showPlaces(visit, task), "main"));
      row.append(button(say("called_off"), () => this.happened("cancelled", "", visit.id)));
    }
    const who = this.store.carers.get(visit.placed.find((one) => one.task === task)?.carer ?? "");
    row.append(button(who ? say("why_here", { name: who.name }) : say("why_not"), () => this.showWhy(visit, task)));
    return row;
  }

  private named(what: string, act: () => void): HTMLButtonElement {
    const made = button(say(what), act);
    made.dataset.do = what;
    return made;
  }

  private async lock(kind: string, subject: string): Promise<void> {
    if (await this.store.change("locks", { kind, subject })) tell(say(kind === "none" ? "unlocked" : "locked"));
  }

  private async takeOut(visit: Visit): Promise<void> {
    const moves: MoveBody[] = visit.tasks.map((task) => ({ task, carer: null }));
    if (await this.store.move(moves)) tell(say("taken_out", { what: title(visit) }));
  }

  private answerBox(): HTMLElement {
    return part("board-card").querySelector<HTMLElement>(".answer") ?? part("board-card");
  }

  /** Carers with what each would cost or what stands against them: the menu that does what dragging does. */
  private async showPlaces(visit: Visit, task: string): Promise<void> {
    const box = this.answerBox();
    box.replaceChildren(element("p", "small", say("thinking")));
    try {
      const { places } = await ask<{ places: BestPlace[] }>(`${address}/places/${encodeURIComponent(task)}`);
      const same = this.store.isDraft ? "" : whatStopsAll(places);
      box.replaceChildren(same ? element("p", "warning", same) : this.placesForm(visit, task, places));
      box.querySelector<HTMLElement>("input, select")?.focus();
    } catch (error) {
      box.replaceChildren(this.placesForm(visit, task, []));
      await this.store.refused(error);
    }
  }

  private placesForm(visit: Visit, task: string, places: BestPlace[]): HTMLElement {
    const form = element("form", "places");
    const offers = new Map(places.map((place) => [place.carer, place]));
    const order = places.length ? places.map((place) => place.carer) : [...this.store.carers.keys()];
    const select = element("select", "", "", { id: "card-who", size: "8" });
    for (const id of order) {
      const offer = offers.get(id);
      const words = !offer ? "" : offer.is_here ? say("is_here") : offer.change === null ? `✕ ${offer.against}` : `✓ ${signed(offer.change)} · ${clock(offer.starts ?? 0)}`;
      select.append(element("option", "", `${this.store.carers.get(id)?.name ?? id} ${words}`, { value: id }));
    }
    const time = element("input", "", "", { type: "time", id: "card-when", step: "60" });
    const line = element("p", "small hint", "", { role: "status" });
    const pick = (): void => {
      const offer = offers.get(select.value);
      time.value = clock(offer?.starts ?? visit.placed.find((one) => one.task === task)?.from ?? visit.window[0]);
      void this.preview(this.movesTo(visit, task, select.value, time.value, offer), line);
    };
    select.addEventListener("change", pick);
    time.addEventListener("change", () => void this.preview(this.movesTo(visit, task, select.value, time.value, offers.get(select.value)), line));
    form.append(label(say("to_whom"), select), label(say("from_when"), time), line);
    if (this.store.isDraft) form.append(element("button", "main", say("do_move")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.moveByMenu(visit, this.movesTo(visit, task, select.value, time.value, offers.get(select.value)));
    });
    select.selectedIndex = Math.max(0, order.findIndex((id) => !offers.get(id)?.is_here));
    pick();
    return form;
  }

  private movesTo(visit: Visit, task: string, carer: string, time: string, offer?: BestPlace): MoveBody[] {
    const [hour, minute] = time.split(":").map(Number);
    const starts = (hour ?? 0) * 60 + (minute ?? 0);
    const mates = visit.placed.length ? [] : (offer?.mates ?? []).filter((mate) => visit.tasks.includes(mate.task));
    return [{ task, carer, starts }, ...mates.map((mate) => ({ task: mate.task, carer: mate.carer, starts }))];
  }

  private async preview(moves: MoveBody[], line: HTMLElement): Promise<void> {
    try {
      const body = { revision: this.store.board.plan.revision, moves };
      line.textContent = hint(await tellServer<Preview>(`${address}/preview`, body));
    } catch (error) {
      line.textContent = error instanceof Error ? error.message : "";
    }
  }

  private async moveByMenu(visit: Visit, moves: MoveBody[]): Promise<void> {
    if (!(await this.store.move(moves))) return;
    const who = this.store.carers.get(moves[0]?.carer ?? "")?.name ?? "";
    tell(say("moved_to", { what: title(visit), who, when: clock(moves[0]?.starts ?? 0) }));
    part("board-card").querySelector<HTMLElement>("button")?.focus();
  }

  private showWhy(visit: Visit, task: string): void {
    void showWhy(this.store, visit, task, this.answerBox());
  }

  private ofCarer(carer: Carer): HTMLElement[] {
    const facts = element("dl", "facts");
    const fact = (name: string, value: string): void => void (value && facts.append(element("dt", "", say(name)), element("dd", "", value)));
    fact("where", carer.village);
    fact("at_work", carer.shifts.map(([from, to]) => `${clock(from)}–${clock(to)}`).join(", "));
    fact("skills", carer.skills.join(" · "));
    fact("on_the_way", hours(carer.drive));
    fact("works", hours(carer.work));
    const row = element("div", "buttons");
    if (this.store.isDraft) {
      const kind = carer.is_locked ? "none" : "carer";
      row.append(button(say(carer.is_locked ? "unlock" : "lock_carer"), () => void this.lock(kind, carer.id)));
    } else {
      for (const kind of ["ill", "no_show", "late"]) row.append(button(say(`happened_${kind}`), () => this.happened(kind, carer.id)));
    }
    return [element("h2", "", carer.name), facts, row];
  }
}

/** The one sentence that stands against everybody else, where there is only one. */
function whatStopsAll(places: BestPlace[]): string {
  const others = places.filter((place) => !place.is_here);
  const [first, ...more] = new Set(others.map((place) => (place.change === null ? place.against : "")));
  return more.length ? "" : (first ?? "");
}

function label(text: string, control: HTMLElement): HTMLElement {
  const made = element("label", "field", text);
  made.append(control);
  return made;
}
