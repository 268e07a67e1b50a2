// Names on the map: those that matter more are placed first, beside their sign where there is room. A name that finds
// none is not shown until the map is nearer; its sign always stays.
import type * as leaflet from "leaflet";

type Side = "right" | "left" | "top" | "bottom";

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Label {
  sign: leaflet.CircleMarker;
  /** The least is placed first. */
  rank: number;
}

const SIDES: Side[] = ["right", "left", "top", "bottom"];
const GAP = 6; // between a sign and its name, as leaflet has it

export function arrange(map: leaflet.Map, labels: Label[]): void {
  const taken: Box[] = [];
  for (const { sign } of [...labels].sort((one, two) => one.rank - two.rank)) {
    const name = sign.getTooltip();
    const drawn = name?.getElement();
    if (!name || !drawn) continue;
    const at = map.latLngToContainerPoint(sign.getLatLng());
    const places = SIDES.map((side) => ({ side, box: boxOn(side, at, drawn.offsetWidth, drawn.offsetHeight) }));
    const found = places.find(({ box }) => !taken.some((other) => meet(box, other)));
    drawn.classList.toggle("no-room", !found);
    if (!found) continue;
    taken.push(found.box);
    if (name.options.direction !== found.side) {
      name.options.direction = found.side;
      name.update();
    }
  }
}

function boxOn(side: Side, at: leaflet.Point, width: number, height: number): Box {
  const left = { right: at.x + GAP, left: at.x - GAP - width, top: at.x - width / 2, bottom: at.x - width / 2 }[side];
  const top = { right: at.y - height / 2, left: at.y - height / 2, top: at.y - GAP - height, bottom: at.y + GAP }[side];
  return { left, top, right: left + width, bottom: top + height };
}

function meet(one: Box, two: Box): boolean {
  return one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom;
}
