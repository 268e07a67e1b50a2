// What every page does beyond HTML: reading aloud, and asking before something that cannot be undone.
// Pages work without this file; it only adds.
import { placeNow } from "./phone/place";

function readAloud(button: HTMLButtonElement): void {
  const target = document.getElementById(button.dataset.readAloud ?? "main");
  if (!target || !("speechSynthesis" in window)) return;
  if (speechSynthesis.speaking) {
    speechSynthesis.cancel();
    return;
  }
  const words = new SpeechSynthesisUtterance(target.innerText);
  words.lang = document.documentElement.lang;
  words.rate = 0.9;
  speechSynthesis.speak(words);
}

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-read-aloud]")) {
  button.hidden = !("speechSynthesis" in window);
  button.addEventListener("click", () => readAloud(button));
}

// A form that asks for a position takes the phone's own, once, when somebody says so.
for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-place-into]")) {
  button.hidden = !("geolocation" in navigator);
  button.addEventListener("click", () => void placeHere(button));
}

async function placeHere(button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  const place = await placeNow();
  button.disabled = false;
  if (!place) return;
  field(button.dataset.placeInto).value = `${place.lat.toFixed(6)}, ${place.lon.toFixed(6)}`;
  field(button.dataset.readOff).value = "phone";
}

function field(id = ""): HTMLInputElement {
  return document.getElementById(id) as HTMLInputElement;
}

// A second tap on a sending button must not send twice; the server would answer with the first result anyway.
for (const form of document.querySelectorAll<HTMLFormElement>('form[method="post"]')) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    else form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) delete form.dataset.sent;
});

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// A phone that keeps entries asks first whether everything has arrived: signing out would lose the rest.
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sign-out]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.asked || !("indexedDB" in window)) return;
    event.preventDefault();
    void keepsEntries().then((keeps) => (keeps ? askPhone(form) : HTMLFormElement.prototype.submit.call(form)));
  });
}

/** Whether this browser was ever used as a phone. A page may stand without its worker, and the entries are there. */
async function keepsEntries(): Promise<boolean> {
  const known = await indexedDB.databases?.().catch(() => null);
  return known ? known.some(({ name }) => name?.startsWith("timebank")) : Boolean(navigator.serviceWorker?.controller);
}

async function askPhone(form: HTMLFormElement): Promise<void> {
  const phone = (await import(form.dataset.signOut ?? "")) as { whyToStay(): Promise<string> };
  const page = await phone.whyToStay();
  if (page) {
    if (page !== "/today" || !document.getElementById("queue")) location.assign(page);
    return;
  }
  form.dataset.asked = "yes";
  const cleared = document.createElement("input");
  cleared.type = "hidden";
  cleared.name = "phone_cleared";
  cleared.value = "yes";
  form.append(cleared);
  HTMLFormElement.prototype.submit.call(form);
}

// What changes by the minute (the clock of an emergency) is read again quietly. A form somebody types in is left alone.
const live = document.querySelector<HTMLElement>("[data-live]");
if (live) setInterval(() => void readAgain(live), 1000 * Number(live.dataset.live));

async function readAgain(part: HTMLElement): Promise<void> {
  const isTyping = part.contains(document.activeElement) || part.querySelector("details[open]");
  if (document.hidden || isTyping) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (fresh) part.replaceChildren(...fresh.childNodes);
}
