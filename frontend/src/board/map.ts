// The map: villages, stations, kitchens, doors and routes at their real places; a layer of tiles only where one is set.
import * as leaflet from "leaflet";
import { arrange, type Label } from "./labels";
import { letter, title } from "./look";
import { part, say, tiles } from "./page";
import type { Store } from "./store";
import type { Board, Point } from "./types";

const RANKS = ["home", "station", "kitchen", "van_base", "dining_point", "village"]; // which names stay where there is no room for all

export class DayMap {
  private map = leaflet.map("board-map", {
    zoomControl: true,
    attributionControl: Boolean(tiles),
    keyboard: true,
    fadeAnimation: false, // names that fade out would lie on those drawn anew
  });
  private layer = leaflet.layerGroup().addTo(this.map);
  private labels: Label[] = [];
  private fitted = "";

  constructor(private store: Store) {
    if (tiles) leaflet.tileLayer(tiles, { maxZoom: 18 }).addTo(this.map);
    leaflet.control.scale({ imperial: false }).addTo(this.map);
    this.map.on("zoomend", () => arrange(this.map, this.labels));
    new ResizeObserver(() => this.map.invalidateSize()).observe(part("board-map"));
  }

  draw(): void {
    const board = this.store.board;
    if (this.fitted !== board.plan.id) this.fit(board);
    this.layer.clearLayers();
    this.labels = [];
    for (const village of board.places.villages) {
      if (village.outline.length) leaflet.polygon(village.outline, { className: "border", interactive: false }).addTo(this.layer);
      this.label(village.point, village.name, "village");
    }
    for (const place of board.places.facilities) this.label(place.point, place.name, place.kind);
    for (const carer of board.carers) this.route(carer.id);
    for (const visit of board.visits) {
      const chosen = visit.id === this.store.selectedVisit;
      const waits = visit.placed.length < visit.crew;
      const icon = leaflet.divIcon({
        className: `door ${visit.service}${chosen ? " chosen" : ""}${waits ? " waits" : ""}`,
        html: "",
        iconSize: chosen ? [26, 26] : [18, 18],
      });
      const marker = leaflet.marker(visit.point, { icon, keyboard: false, title: title(visit) });
      marker.on("add", () => {
        const drawn = marker.getElement();
        if (drawn) drawn.textContent = letter(visit.service);
      });
      marker.on("click", () => this.store.select(visit.id));
      marker.addTo(this.layer);
    }
    arrange(this.map, this.labels);
  }

  private fit(board: Board): void {
    const points = [...board.visits.map((visit) => visit.point), ...board.places.villages.map((village) => village.point)];
    if (!points.length) return;
    this.map.fitBounds(leaflet.latLngBounds(points), { padding: [20, 20] });
    this.fitted = board.plan.id;
  }

  private label(point: Point, name: string, kind: string): void {
    const sign = leaflet.circleMarker(point, { radius: kind === "village" ? 3 : 6, className: `place ${kind}`, interactive: false });
    sign.bindTooltip(name, { permanent: true, direction: "right", className: `name ${kind}` }).addTo(this.layer);
    this.labels.push({ sign, rank: RANKS.indexOf(kind) + 1 || RANKS.length });
  }

  /** The way of one carer: strong where it is selected, faint otherwise. */
  private route(carerId: string): void {
    const carer = this.store.carers.get(carerId);
    if (!carer?.point || !carer.blocks.length) return;
    const stops = carer.blocks.flatMap((block) => {
      const visit = block.kind === "visit" ? this.store.visits.get(block.visit ?? "") : undefined;
      return visit ? [visit] : [];
    });
    const chosen = carerId === this.store.selectedCarer || stops.some((visit) => visit.id === this.store.selectedVisit);
    const way: Point[] = [carer.point, ...stops.map((visit) => visit.point), carer.point];
    leaflet.polyline(way, { className: `way${chosen ? " chosen" : ""}`, interactive: false }).addTo(this.layer);
    if (chosen) this.label(carer.point, `${carer.name} · ${say("home")}`, "home");
  }
}
