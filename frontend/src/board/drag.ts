// Moving a visit with the pointer: what each carer would cost is written on their line, and before the drop one reads
// what would break. A pointer is a mouse, a pen or a finger.
import { letter, title } from "./look";
import { address, clock, element, part, say, signed, tell } from "./page";
import { ask, tellServer } from "./server";
import type { Store } from "./store";
import type { Timeline } from "./timeline";
import type { BestPlace, MoveBody, Preview, Visit } from "./types";

const FAR_ENOUGH = 6;
const THINK_MS = 120;

interface Held {
  visit: Visit;
  task: string;
  x: number;
  y: number;
  grabbed: number; // minutes between the start of the block and the pointer
  sign: HTMLElement | null;
  target: { carer: string; minute: number } | null;
  timer: number;
}

export class Drag {
  private held: Held | null = null;

  constructor(
    private store: Store,
    private timeline: Timeline,
  ) {
    document.addEventListener("pointerdown", (event) => this.take(event));
    document.addEventListener("pointermove", (event) => this.carry(event));
    document.addEventListener("pointerup", (event) => void this.drop(event));
    document.addEventListener("pointercancel", () => this.letGo());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.letGo());
  }

  private take(event: PointerEvent): void {
    const target = (event.target as Element).closest<HTMLElement | SVGElement>("[data-visit]");
    const visit = target && this.store.visits.get(target.dataset.visit ?? "");
    if (!target || !visit || event.button !== 0) return;
    const task = target.dataset.task || (visit.tasks[0] ?? visit.id);
    const placed = visit.placed.find((one) => one.task === task);
    const under = this.timeline.at(event.clientX, event.clientY);
    const grabbed = placed && under ? Math.max(0, under.minute - placed.from) : 0;
    this.held = { visit, task, x: event.clientX, y: event.clientY, grabbed, sign: null, target: null, timer: 0 };
  }

  private carry(event: PointerEvent): void {
    const held = this.held;
    if (!held) return;
    if (!held.sign) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < FAR_ENOUGH || !this.mayMove(held)) return;
      this.lift(held);
    }
    event.preventDefault();
    if (!held.sign) return;
    held.sign.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 12}px)`;
    const under = this.timeline.at(event.clientX, event.clientY);
    held.target = under ? { carer: under.carer.id, minute: Math.max(0, under.minute - held.grabbed) } : null;
    this.timeline.shadow(held.target?.carer ?? null, held.target?.minute, held.visit.minutes);
    window.clearTimeout(held.timer);
    if (held.target) held.timer = window.setTimeout(() => void this.think(held), THINK_MS);
  }

  private mayMove(held: Held): boolean {
    if (this.store.isDraft) return true;
    tell(say("is_published"), "waiting");
    this.held = null;
    void held;
    return false;
  }

  private lift(held: Held): void {
    held.sign = element("div", `carried ${held.visit.service}`, `${letter(held.visit.service)} ${title(held.visit)}`);
    document.body.append(held.sign);
    document.body.classList.add("carrying");
    this.store.select(held.visit.id, held.task);
    void this.offers(held.task);
  }

  /** Write on each line what this carer would cost. */
  async offers(task: string): Promise<BestPlace[]> {
    try {
      const { places } = await ask<{ places: BestPlace[] }>(`${address}/places/${encodeURIComponent(task)}`);
      if (this.held?.task === task) {
        this.timeline.offers = new Map(places.map((place) => [place.carer, place]));
        this.timeline.draw();
      }
      return places;
    } catch (error) {
      await this.store.refused(error);
      return [];
    }
  }

  /** Ask what would break just before the drop. */
  private async think(held: Held): Promise<void> {
    if (!held.target) return;
    const body = { revision: this.store.board.plan.revision, moves: this.moves(held) };
    const found = await tellServer<Preview>(`${address}/preview`, body).catch(() => null);
    if (found && this.held === held && held.sign) part("board-hint").textContent = hint(found);
  }

  private moves(held: Held): MoveBody[] {
    const target = held.target;
    if (!target) return [];
    const own = { task: held.task, carer: target.carer, starts: target.minute };
    const isPlaced = held.visit.placed.length > 0;
    const mates = isPlaced ? [] : (this.timeline.offers.get(target.carer)?.mates ?? []);
    const crew = mates.filter((mate) => held.visit.tasks.includes(mate.task));
    return [own, ...crew.map((mate) => ({ task: mate.task, carer: mate.carer, starts: Math.max(mate.starts, target.minute) }))];
  }

  private async drop(event: PointerEvent): Promise<void> {
    const held = this.held;
    if (!held) return;
    const began = performance.now();
    const wasCarried = held.sign !== null;
    const moves = this.moves(held);
    this.putDown();
    if (!wasCarried) {
      this.store.select(held.visit.id, held.task);
      return;
    }
    event.preventDefault();
    if (!moves.length) {
      this.clear();
      tell(say("not_moved"), "waiting");
      return;
    }
    this.timeline.offers = new Map();
    if (!(await this.store.move(moves))) this.clear();
    else {
      performance.measure("drop", { start: began });
      const placed = this.store.visits.get(held.visit.id)?.placed.find((one) => one.task === held.task);
      const who = this.store.carers.get(placed?.carer ?? "")?.name ?? "";
      tell(say("moved_to", { what: title(held.visit), who, when: placed ? clock(placed.from) : "" }));
    }
  }

  private letGo(): void {
    if (!this.held) return;
    this.putDown();
    this.clear();
  }

  /** The hand is free; where the visit would stand stays marked until there is an answer. */
  private putDown(): void {
    window.clearTimeout(this.held?.timer);
    this.held?.sign?.remove();
    this.held = null;
    document.body.classList.remove("carrying");
    part("board-hint").textContent = "";
  }

  /** Nothing of the way of a visit is left on the lines. */
  private clear(): void {
    this.timeline.offers = new Map();
    this.timeline.shadow(null);
    this.timeline.draw();
  }
}

/** What a move costs and breaks, in one line. */
export function hint(found: Preview): string {
  const breaks = found.breaks.length ? `⚠ ${found.breaks.join(" ")}` : `✓ ${say("breaks_nothing")}`;
  const others = found.others.length ? ` ${say("others", { count: found.others.length })}` : "";
  return `${say("costs", { cost: signed(found.cost) })} · ${breaks}${others}`;
}
