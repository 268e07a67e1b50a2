// What is known of the day, what is selected, and who wants to hear of changes.
import { say, tell } from "./page";
import { Refusal } from "./server";
import { address } from "./page";
import { ask, tellServer } from "./server";
import type { Board, Carer, Comparison, Live, LiveVisit, MoveBody, Newer, Part, Visit } from "./types";

type Listener = () => void;

export class Store {
  board!: Board;
  visits = new Map<string, Visit>();
  carers = new Map<string, Carer>();
  live = new Map<string, LiveVisit>();
  now: number | null = null;
  came: string[] = [];
  newer: Newer | null = null;
  /** The revision that the server has by what was heard last. */
  theirs = 0;
  comparison: Comparison | null = null;
  /** What the plan breaks at each visit. */
  faults = new Map<string, string[]>();
  selectedVisit: string | null = null;
  selectedTask: string | null = null;
  selectedCarer: string | null = null;
  private heard = "";
  private listeners: Listener[] = [];
  private sent: Promise<boolean> = Promise.resolve(true);
  private underWay = 0;

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  changed(): void {
    this.faults = new Map();
    for (const fault of this.board.faults) {
      const visit = fault.task.split(".")[0] ?? "";
      this.faults.set(visit, [...(this.faults.get(visit) ?? []), fault.text]);
    }
    for (const listener of this.listeners) listener();
  }

  async load(): Promise<void> {
    this.board = await ask<Board>(address);
    this.visits = new Map(this.board.visits.map((visit) => [visit.id, visit]));
    this.carers = new Map(this.board.carers.map((carer) => [carer.id, carer]));
    this.comparison = this.board.comparison;
    this.changed();
  }

  /** Take over what the server says has changed. */
  apply(part: Part): void {
    for (const visit of part.visits) this.visits.set(visit.id, visit);
    for (const carer of part.carers) this.carers.set(carer.id, carer);
    Object.assign(this.board, { plan: part.plan, faults: part.faults, figures: part.figures, vans: part.vans });
    this.board.visits = this.board.visits.map((visit) => this.visits.get(visit.id) ?? visit);
    this.board.carers = this.board.carers.map((carer) => this.carers.get(carer.id) ?? carer);
    this.changed();
  }

  get isDraft(): boolean {
    return this.board.plan.state === "draft" || this.board.plan.state === "trial";
  }

  /** Whether somebody else changed this version since it was drawn. */
  get isBehind(): boolean {
    return this.underWay === 0 && this.theirs > this.board.plan.revision;
  }

  get waiting(): Visit[] {
    return this.board.visits.filter((visit) => visit.placed.length < visit.crew);
  }

  select(visit: string | null, task: string | null = null, carer: string | null = null): void {
    this.selectedVisit = visit;
    this.selectedTask = task ?? (visit ? (this.visits.get(visit)?.tasks[0] ?? null) : null);
    this.selectedCarer = carer;
    this.changed();
  }

  /**
   * Send one change that names the revision it was made on; where somebody was faster, show their state first. On a slow
   * line the next one waits for the one before, and is not sent where that was refused.
   */
  change(path: string, body: Record<string, unknown>): Promise<boolean> {
    const mine = this.sent.then((went) => went && this.send(path, body));
    this.sent = mine;
    this.underWay += 1;
    return mine.finally(() => {
      this.underWay -= 1;
      if (!this.underWay) this.sent = Promise.resolve(true);
    });
  }

  private async send(path: string, body: Record<string, unknown>): Promise<boolean> {
    try {
      this.apply(await tellServer<Part>(`${address}/${path}`, { ...body, revision: this.board.plan.revision }));
      return true;
    } catch (error) {
      await this.refused(error);
      return false;
    }
  }

  async refused(error: unknown): Promise<void> {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === "dayplans.changed_meanwhile") {
      const theirs = await ask<{ changes: { who: string; text: string }[] }>(`${address}/changes`);
      await this.load();
      const last = theirs.changes[0];
      tell(`${error.message} ${last ? say("they_changed", { who: last.who, what: last.text }) : ""}`, "refused");
    } else {
      tell(error.message, "refused");
      if (error.code === "dayplans.was_replaced") this.takeLive(await ask<Live>(`${address}/live`));
    }
  }

  move(moves: MoveBody[]): Promise<boolean> {
    return this.change("moves", { moves });
  }

  /** What was heard; drawn only where it says something new, so that nothing moves under a hand that takes hold of it. */
  takeLive(live: Live): void {
    const heard = JSON.stringify([live.now, live.came, live.newer, live.visits]);
    const isNews = heard !== this.heard;
    this.heard = heard;
    this.now = live.now;
    this.came = live.came;
    this.newer = live.newer;
    this.theirs = live.revision;
    this.live = new Map(live.visits.map((visit) => [visit.id, visit]));
    if (isNews || this.isBehind) this.changed();
  }
}
