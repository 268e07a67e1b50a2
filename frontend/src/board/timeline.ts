// The day as a drawing: one line for each carer. Drawn anew at each change: 300 visits are some 1,500 shapes.
import { alerts, letter, spoken } from "./look";
import { clock, hours, part, say, signed } from "./page";
import type { Store } from "./store";
import type { BestPlace, Block, Carer, Visit } from "./types";

const NS = "http://www.w3.org/2000/svg";
export const LINE = 40;
export const NAME = 150;
const TOP = 26;

type Attributes = Record<string, string | number>;

function shape(tag: string, attributes: Attributes, text = ""): SVGElement {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text) made.textContent = text;
  return made;
}

/** A small padlock: the sign of what is held. */
function padlock(x: number, y: number): SVGElement {
  const d = `M${x + 2},${y + 5} v-2 a3,3 0 0 1 6,0 v2 M${x},${y + 5} h10 v7 h-10 z`;
  return shape("path", { class: "padlock", d });
}

/** A name with a place beside it may be wider than its column: then its letters stand closer. */
function squeezed(name: string): Record<string, string | number> {
  const wide = [...name].reduce((sum, letter) => sum + (letter > "\u2e80" ? 13 : 7), 0);
  return wide > NAME - 12 ? { textLength: NAME - 12, lengthAdjust: "spacingAndGlyphs" } : {};
}

export class Timeline {
  rows: Carer[] = [];
  unit = 1;
  first = 480;
  /** What each carer would cost for the visit that is being moved. */
  offers = new Map<string, BestPlace>();
  private svg = shape("svg", { class: "lines", role: "group", "aria-label": say("timeline") }) as SVGSVGElement;
  private frame = part("board-timeline");
  private focused: string | null = null;

  constructor(private store: Store) {
    this.frame.append(this.svg);
    this.svg.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  draw(): void {
    if (!this.store.board) return;
    const keepFocus = this.svg.contains(document.activeElement);
    this.rows = this.shownCarers();
    const [first, last] = this.span();
    this.first = first;
    const width = Math.max(this.frame.clientWidth - 4, 640);
    this.unit = (width - NAME - 10) / (last - first);
    const height = TOP + this.rows.length * LINE;
    this.svg.replaceChildren();
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(height));
    for (let hour = first; hour <= last; hour += 60) {
      this.svg.append(
        shape("path", { class: "hour", d: `M${this.x(hour)},${TOP - 6} V${height}` }),
        shape("text", { class: "hour", x: this.x(hour), y: 14, "text-anchor": "middle" }, clock(hour)),
      );
    }
    this.rows.forEach((carer, index) => this.drawRow(carer, index));
    this.drawJoined();
    this.drawGhosts();
    if (this.store.now !== null) {
      this.svg.append(shape("path", { class: "now", d: `M${this.x(this.store.now)},${TOP - 8} V${height}` }));
    }
    if (keepFocus && this.focused) this.focus(this.focused);
  }

  x(minute: number): number {
    return Math.round((NAME + (minute - this.first) * this.unit) * 10) / 10;
  }

  private y(row: number): number {
    return TOP + row * LINE;
  }

  /** The carer and the time (to five minutes) under a point of the screen, or null beside the lines. */
  at(clientX: number, clientY: number): { carer: Carer; minute: number } | null {
    const box = this.svg.getBoundingClientRect();
    const frame = this.frame.getBoundingClientRect();
    if (clientX < frame.left || clientX > frame.right || clientY < frame.top || clientY > frame.bottom) return null;
    const carer = this.rows[Math.floor((clientY - box.top - TOP) / LINE)];
    const minute = this.first + (clientX - box.left - NAME) / this.unit;
    return carer && minute >= this.first - 30 ? { carer, minute: Math.max(0, Math.round(minute / 5) * 5) } : null;
  }

  private shownCarers(): Carer[] {
    const all = (part("board-all-carers") as HTMLInputElement).checked || this.offers.size > 0;
    const carers = this.store.board.carers.filter((carer) => all || carer.blocks.length || carer.id === this.store.selectedCarer);
    return [...carers].sort((one, two) => Number(!one.blocks.length) - Number(!two.blocks.length));
  }

  private span(): [number, number] {
    const times = this.store.board.carers.flatMap((carer) => [
      ...carer.shifts.flat(),
      ...carer.blocks.flatMap((block) => [block.from, block.to]),
    ]);
    const first = Math.min(480, ...times);
    const last = Math.max(1080, ...times);
    return [Math.floor(first / 60) * 60, Math.ceil(last / 60) * 60];
  }

  private drawRow(carer: Carer, row: number): void {
    const y = this.y(row);
    const chosen = carer.id === this.store.selectedCarer;
    const name = shape("g", { class: `who${chosen ? " chosen" : ""}`, tabindex: -1, role: "button", "data-carer": carer.id });
    const note = this.offerWords(carer);
    name.append(
      shape("rect", { x: 0, y: y + 1, width: NAME - 6, height: LINE - 2, rx: 6 }),
      shape("text", { x: 6, y: y + (note ? 17 : 28), ...squeezed(carer.name) }, carer.name),
    );
    if (note) name.append(shape("text", { class: "offer", x: 6, y: y + 34 }, note));
    else name.append(...this.loadBar(carer, y));
    if (carer.is_locked) name.append(padlock(NAME - 24, y + 8));
    name.setAttribute("aria-label", [carer.name, hours(carer.work), ...(carer.is_locked ? [say("locked")] : []), note].join(" "));
    this.svg.append(name);
    for (const [from, to] of carer.shifts) {
      this.svg.append(shape("rect", { class: "shift", x: this.x(from), y: y + 3, width: (to - from) * this.unit, height: LINE - 6 }));
    }
    for (const block of carer.blocks) this.svg.append(...this.drawBlock(block, y));
    this.drawBag(carer, y);
  }

  /** How much somebody does on this day beside the one who does most; time over the shift stands out by sign and words. */
  private loadBar(carer: Carer, y: number): SVGElement[] {
    if (!carer.work) return [];
    const most = Math.max(...this.rows.map((one) => one.work));
    const over = carer.overtime > 0 ? " over" : "";
    const words = over ? `${hours(carer.work)} ! +${carer.overtime}` : hours(carer.work);
    return [
      shape("rect", { class: `load${over}`, x: 6, y: y + LINE - 7, width: Math.round(((NAME - 18) * carer.work) / most), height: 4 }),
      shape("text", { class: `load${over}`, x: NAME - 12, y: y + 13, "text-anchor": "end" }, words),
    ];
  }

  private offerWords(carer: Carer): string {
    const offer = this.offers.get(carer.id);
    if (!offer) return "";
    if (offer.is_here) return say("is_here");
    return offer.change === null ? `✕ ${offer.against}` : `✓ ${signed(offer.change)}`;
  }

  private drawBlock(block: Block, y: number): SVGElement[] {
    const x = this.x(block.from);
    const width = Math.max((block.to - block.from) * this.unit, 3);
    if (block.kind === "drive") return [shape("path", { class: "drive", d: `M${x},${y + 20} h${width}` })];
    if (block.kind === "break") return [shape("rect", { class: "break", x, y: y + 14, width, height: 12 })];
    if (block.kind === "fetch") return [shape("path", { class: "block meal", d: `M${x},${y + 20} l6,-9 l6,9 l-6,9 z` })];
    const visit = this.store.visits.get(block.visit ?? "");
    return visit ? [this.drawVisit(block, visit, x, y, width)] : [];
  }

  /** How many meals lie in the bag from where they are fetched: written once for those fetched one after the other. */
  private drawBag(carer: Carer, y: number): void {
    const stops = carer.blocks.filter((block) => block.kind === "visit" || block.kind === "fetch");
    for (let at = 0; at < stops.length; at += 1) {
      const first = stops[at];
      if (!first || first.kind !== "fetch") continue;
      let count = 0;
      while (stops[at]?.kind === "fetch") {
        count += 1;
        at += 1;
      }
      const sign = shape("text", { class: "bag", x: this.x(first.from) + 6, y: y + 9, "text-anchor": "middle" }, `×${count}`);
      sign.append(shape("title", {}, say("fetches", { count })));
      this.svg.append(sign);
    }
  }

  private drawVisit(block: Block, visit: Visit, x: number, y: number, width: number): SVGElement {
    const chosen = visit.id === this.store.selectedVisit;
    const warnings = alerts(this.store, visit);
    const state = this.store.live.get(visit.id)?.state ?? visit.state;
    const group = shape("g", {
      class: `visit ${visit.service} ${state}${chosen ? " chosen" : ""}${warnings.length ? " alert" : ""}`,
      tabindex: this.isEntry(block.task ?? "") ? 0 : -1,
      role: "button",
      "aria-pressed": String(chosen),
      "aria-label": spoken(this.store, visit),
      "data-task": block.task ?? "",
      "data-visit": visit.id,
    });
    const wide = Math.max(width, 16);
    group.append(shape("rect", { x, y: y + 5, width: wide, height: 30, rx: visit.service === "visit" ? 14 : 4 }));
    if (visit.crew > 1) group.append(shape("path", { class: "joined", d: `M${x + 3},${y + 6} v28 M${x + wide - 3},${y + 6} v28` }));
    const words = wide > 60 ? `${letter(visit.service)} ${visit.elder}` : letter(visit.service);
    group.append(shape("text", { x: x + wide / 2, y: y + 25, "text-anchor": "middle" }, words));
    if (visit.locks[block.task ?? ""]) group.append(padlock(x + wide / 2 - 5, y));
    if (state === "done" || state === "confirmed" || state === "settled") group.append(shape("text", { class: "sign", x: x + wide - 4, y: y + 13 }, "✓"));
    if (state === "running") group.append(shape("text", { class: "sign", x: x + wide - 4, y: y + 13 }, "●"));
    if (warnings.length) group.append(shape("text", { class: "sign warn", x: x - 3, y: y + 14 }, "⚠"));
    group.append(shape("title", {}, `${clock(block.from)}–${clock(block.to)} ${spoken(this.store, visit)}`));
    return group;
  }

  private isEntry(task: string): boolean {
    return this.focused ? this.focused === task : task === this.tasksInOrder()[0];
  }

  private tasksInOrder(): string[] {
    return this.rows.flatMap((carer) => carer.blocks.filter((block) => block.kind === "visit").map((block) => block.task ?? ""));
  }

  /** Two carers at one door are joined by a double line. */
  private drawJoined(): void {
    const row = new Map(this.rows.map((carer, index) => [carer.id, index]));
    for (const visit of this.store.visits.values()) {
      const seats = visit.placed.map((one) => ({ row: row.get(one.carer), from: one.from }));
      for (const [one, two] of seats.map((seat, index) => [seat, seats[index + 1]] as const)) {
        if (!two || one.row === undefined || two.row === undefined) continue;
        const [top, bottom] = one.row < two.row ? [one.row, two.row] : [two.row, one.row];
        const d = `M${this.x(one.from) + 5},${this.y(top) + 36} V${this.y(bottom) + 4} m3,0 V${this.y(top) + 36}`;
        this.svg.prepend(shape("path", { class: `join${visit.id === this.store.selectedVisit ? " chosen" : ""}`, d }));
      }
    }
  }

  /** Where something was before, and an arrow to where it is now. */
  private drawGhosts(): void {
    const row = new Map(this.rows.map((carer, index) => [carer.id, index]));
    for (const step of this.store.comparison?.steps ?? []) {
      const from = step.before && row.get(step.before.carer);
      if (step.before === null || from === undefined || from === null) continue;
      const x = this.x(step.before.from);
      const width = Math.max((step.before.to - step.before.from) * this.unit, 10);
      const ghost = shape("rect", { class: "ghost", x, y: this.y(from) + 7, width, height: 26, rx: 4 });
      ghost.append(shape("title", {}, `${step.visit_words}: ${step.words}`));
      this.svg.append(ghost);
      const to = step.after && row.get(step.after.carer);
      if (step.after && to !== undefined && to !== null) {
        const d = `M${x + width / 2},${this.y(from) + 20} L${this.x(step.after.from) + 4},${this.y(to) + 20}`;
        this.svg.append(shape("path", { class: "arrow", d, "marker-end": "url(#tip)" }));
      }
    }
    if (this.store.comparison) {
      const tip = shape("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
      tip.append(shape("path", { class: "tip", d: "M0,0 L8,4 L0,8 z" }));
      this.svg.append(tip);
    }
  }

  /** Show where a moved visit would stand. */
  shadow(carerId: string | null, minute = 0, minutes = 0): void {
    this.svg.querySelector(".shadow")?.remove();
    const row = this.rows.findIndex((carer) => carer.id === carerId);
    if (row < 0) return;
    const at = { class: "shadow", x: this.x(minute), y: this.y(row) + 3, width: Math.max(minutes * this.unit, 12), height: LINE - 6, rx: 6 };
    this.svg.append(shape("rect", at));
  }

  focus(task: string): void {
    this.focused = task;
    const found = this.svg.querySelector<SVGElement>(`[data-task="${CSS.escape(task)}"]`);
    if (!found) return;
    for (const other of this.svg.querySelectorAll('.visit[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    found.setAttribute("tabindex", "0");
    found.focus({ preventScroll: false });
  }

  private key(event: KeyboardEvent): void {
    const target = (event.target as Element).closest<SVGElement>(".visit");
    if (!target) return;
    const task = target.dataset.task ?? "";
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.store.select(target.dataset.visit ?? null, task);
      return;
    }
    const next = this.edge(task, event) ?? this.neighbour(task, event.key);
    if (next) {
      event.preventDefault();
      this.focus(next);
    }
  }

  /** Home and End lead to the ends of the line; with Ctrl to the first line and the last. */
  private edge(task: string, event: KeyboardEvent): string | null {
    if (event.key !== "Home" && event.key !== "End") return null;
    const at = event.key === "Home" ? 0 : -1;
    const lines = this.rows.map((carer) => carer.blocks.filter((block) => block.kind === "visit")).filter((line) => line.length);
    const line = event.ctrlKey || event.metaKey ? lines.at(at) : lines.find((one) => one.some((block) => block.task === task));
    return line?.at(at)?.task ?? null;
  }

  private neighbour(task: string, key: string): string | null {
    const lines = this.rows.map((carer) => carer.blocks.filter((block) => block.kind === "visit"));
    const row = lines.findIndex((line) => line.some((block) => block.task === task));
    const index = lines[row]?.findIndex((block) => block.task === task) ?? -1;
    if (key === "ArrowRight") return lines[row]?.[index + 1]?.task ?? null;
    if (key === "ArrowLeft") return lines[row]?.[index - 1]?.task ?? null;
    if (key !== "ArrowDown" && key !== "ArrowUp") return null;
    const step = key === "ArrowDown" ? 1 : -1;
    const from = lines[row]?.[index]?.from ?? 0;
    for (let other = row + step; other >= 0 && other < lines.length; other += step) {
      const line = lines[other] ?? [];
      const near = [...line].sort((one, two) => Math.abs(one.from - from) - Math.abs(two.from - from))[0];
      if (near) return near.task ?? null;
    }
    return null;
  }
}
