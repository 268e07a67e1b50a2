// Opens the pages of a visit without a network, and sends the queue when the network comes back.
// It keeps the page without a network, styles, scripts and icons: nothing personal. The form of an assessment is fetched
// by the tablets that open one (assess/main.ts), not by every phone.
import { purgeDrafts } from "../assess/store";
import { sync } from "../phone/queue";
import { purge } from "../phone/store";

declare const self: ServiceWorkerGlobalScope & { SHELL: { page: string; files: string[]; form: string[] } };

const NAME = "shell";
const PATIENCE_MS = 6_000;
const WITHOUT_NETWORK = /^\/(today|stops\/[a-z0-9_]+|door\/[0-9A-Za-z-]+|phone\/offline|)$/;
const FORM = /^\/assessments\/[a-z0-9_]+\/form$/;

self.addEventListener("install", (event) => {
  event.waitUntil(fetchShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOld().then(() => self.clients.claim()));
});

self.addEventListener("sync", (event) => {
  const sent = event as ExtendableEvent;
  sent.waitUntil(
    sync().then((outcome) => {
      if (outcome === "no_network") throw new Error("no network yet: the browser tries again");
    }),
  );
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate") {
    if (WITHOUT_NETWORK.test(address.pathname)) event.respondWith(pageOf(event.request, self.SHELL.page));
    else if (FORM.test(address.pathname)) event.respondWith(pageOf(event.request, self.SHELL.form[0] ?? self.SHELL.page));
  } else if (address.pathname.startsWith("/static/")) {
    event.respondWith(fileOf(event.request));
  }
});

async function fetchShell(): Promise<void> {
  const cache = await caches.open(NAME);
  const page = await fetch(self.SHELL.page, { credentials: "omit", cache: "no-store" });
  if (!page.ok) throw new Error("the page without a network did not come");
  await cache.put(self.SHELL.page, page);
  await cache.addAll(self.SHELL.files);
}

async function dropOld(): Promise<void> {
  const cache = await caches.open(NAME);
  const wanted = new Set([self.SHELL.page, ...self.SHELL.files, ...self.SHELL.form].map((path) => new URL(path, self.location.origin).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  await purge();
  await purgeDrafts();
}

const NO_OFFICE = [502, 503, 504]; // a proxy says that nobody answers behind it

async function pageOf(request: Request, instead: string): Promise<Response> {
  const answer = await Promise.race([fetch(request), tooLong()]).catch(() => null);
  if (answer && !NO_OFFICE.includes(answer.status)) return answer;
  return (await caches.match(instead)) ?? answer ?? Response.error();
}

/** A valley with one bar of signal: better the phone's own page than a white one. */
function tooLong(): Promise<Response> {
  return new Promise((_, refuse) => setTimeout(() => refuse(new Error("too slow")), PATIENCE_MS));
}

async function fileOf(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}
