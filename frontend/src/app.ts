// What every page does beyond HTML: reading aloud, and asking before something that cannot be undone.
// Pages work without this file; it only adds.

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
