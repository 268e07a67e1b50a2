// The volunteer's phone: keep first, send when there is a network, say what is where.
import { firstUnsent } from "../assess/send";
import { forgetDrafts } from "../assess/store";
import { bind, drawAnewWhenQuiet, isSaying } from "./forms";
import { draw } from "./offline";
import { arrivedAt, sync } from "./queue";
import { owner, panel, report, tell, word } from "./status";
import { entriesOf, forget, isWaiting, purge } from "./store";

const AGAIN_MS = 60_000;
const ASK_MS = 20_000;
const PARTNER_MS = 3_000;

/** Before somebody signs out: send what waits and forget them. Where something would be lost: the page that shows it. */
export async function whyToStay(): Promise<string> {
  await sync();
  const own = await owner();
  if ((await entriesOf(own)).some(isWaiting)) {
    tell(word("stay"), "refused");
    panel()?.scrollIntoView();
    return "/today";
  }
  const leaving = document.querySelector<HTMLFormElement>("form[data-sign-out]")?.dataset.owner ?? own;
  const draft = await firstUnsent(leaving);
  if (draft) return `/assessments/${draft.id}/form`;
  await forget(own);
  await forgetDrafts(leaving);
  return "";
}

async function attempt(): Promise<void> {
  await report(await sync(), isSaying);
}

async function start(): Promise<void> {
  const page = document.getElementById("offline");
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-visit-event]")) bind(form);
  await purge();
  if (page) await draw(page);
  ask();
  setInterval(ask, ASK_MS);
  await report(null, isSaying);
  void register();
  await attempt();
  window.addEventListener("online", () => void attempt());
  window.addEventListener("pageshow", () => void report(null, isSaying));
  setInterval(() => void attempt(), AGAIN_MS);
  setInterval(() => void lookForPartner(), PARTNER_MS);
}

/** Who waits for the second carer sees them come: the page asks while somebody is missing, and is drawn anew then. */
async function lookForPartner(): Promise<void> {
  const waiting = document.querySelector<HTMLElement>("[data-arrived]");
  if (!waiting || document.hidden || !navigator.onLine) return;
  const here = await arrivedAt(waiting.dataset.visit ?? "");
  if (here !== null && here > Number(waiting.dataset.arrived)) drawAnewWhenQuiet();
}

/** Who forgot to sign out is asked on the page that is open, once the time has come: no pop-up, no sound. */
function ask(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-asks-at][hidden]")) {
    box.hidden = !(Date.now() >= Date.parse(box.dataset.asksAt ?? ""));
  }
}

/** The worker fetches what opens without a network: only when this page stands, so that nobody waits for both. */
async function register(): Promise<void> {
  const address = panel()?.dataset.worker;
  if (!address || !("serviceWorker" in navigator)) return;
  await loaded();
  await navigator.serviceWorker.register(address, { scope: "/" }).catch(() => undefined);
  await navigator.storage?.persist?.().catch(() => false);
}

function loaded(): Promise<void> {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((done) => window.addEventListener("load", () => done(), { once: true }));
}

if (panel()) void start();
