// Builds everything that a browser or the printer loads: bundles, the sprite of icons, and the two fonts for PDF.
// Output folder: STATIC_OUT (default ../build/static); fonts go beside it. Nothing here reaches the network.
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import * as lucide from "lucide";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, process.env.STATIC_OUT ?? "../build/static");
const fonts = resolve(out, "../fonts");
mkdirSync(out, { recursive: true });
mkdirSync(fonts, { recursive: true });

const shared = { bundle: true, minify: true, target: "es2020", outdir: out, logLevel: "warning", loader: { ".png": "dataurl" } };
const scripts = { app: "src/app.ts", assess: "src/assess/main.ts", board: "src/board/main.ts", phone: "src/phone/main.ts", sw: "src/worker/sw.ts" };
const present = Object.fromEntries(Object.entries(scripts).filter(([, file]) => existsSync(resolve(here, file))));
await build({ ...shared, entryPoints: present, format: "esm" });
await build({ ...shared, entryPoints: { app: "src/style/app.css", board: "src/style/board.css" } });
cpSync(resolve(here, "src/icon.svg"), resolve(out, "icon.svg"));

// name in templates → icon of the set
const ICONS = {
  home: "House", users: "Users", calendar: "CalendarDays", key: "KeyRound", "scroll-text": "ScrollText", "book-open": "BookOpen",
  check: "CircleCheck", wait: "Hourglass", refused: "CircleX", alert: "TriangleAlert", phone: "Phone", map: "Map", route: "Route",
  clock: "Clock", wallet: "NotebookTabs", hands: "HandHelping", bath: "Bath", meal: "Soup", visit: "Footprints", escort: "Stethoscope",
  chore: "Brush", company: "MessagesSquare", siren: "Siren", print: "Printer", download: "Download", search: "Search", user: "User",
  speaker: "Volume2", camera: "Camera", lock: "Lock", undo: "Undo2", send: "Send", gift: "Gift", file: "FileText", chart: "ChartColumn",
  eye: "Eye", logout: "LogOut", language: "Languages", type: "ALargeSmall", plus: "Plus", smile: "Smile", meh: "Meh", frown: "Frown",
  list: "ListChecks", shield: "ShieldCheck", upload: "Upload", bed: "BedDouble", truck: "Truck", arrow: "ArrowRight", door: "DoorOpen",
  pill: "Pill", drop: "Droplets", thermometer: "Thermometer", shirt: "Shirt", flame: "Flame", basket: "ShoppingBasket",
};
const symbols = Object.entries(ICONS).map(([name, key]) => {
  const node = lucide.icons[key];
  if (!node) throw new Error(`the icon set has no ${key}`);
  const inner = node.map(([tag, attrs]) => `<${tag} ${Object.entries(attrs).map(([k, v]) => `${k}="${v}"`).join(" ")}/>`).join("");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`;
});
writeFileSync(resolve(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

const fontSet = resolve(here, "node_modules/@expo-google-fonts/noto-sans-sc");
for (const [folder, file] of [["400Regular", "NotoSansSC_400Regular.ttf"], ["700Bold", "NotoSansSC_700Bold.ttf"]]) {
  cpSync(resolve(fontSet, folder, file), resolve(fonts, file));
}
