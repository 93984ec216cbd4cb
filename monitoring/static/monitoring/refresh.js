// Keeps an open page current: while it is visible it fetches itself and swaps the part that changes. Nothing depends on it.
// Where it cannot, the page says how old it is: "9 seconds ago" must not stand there for an hour.
"use strict";
(() => {
  const PERIOD_MS = 15_000;
  const OLD_MS = 3 * PERIOD_MS;
  const live = document.querySelector("[data-live]");
  const footer = document.querySelector("footer .wrap");
  if (!live || !footer) return;

  let swappedAt = Date.now(); // for its age only: what time it is, the server knows better
  let paused = false;
  const button = document.createElement("button");
  button.type = "button";
  const label = () => { button.textContent = paused ? "Resume updates" : "Pause updates"; };
  button.addEventListener("click", () => { paused = !paused; label(); paused ? tellAge() : refresh(); });
  label();
  const line = document.createElement("p");
  line.append("This page keeps itself current. ", button);
  footer.append(line);

  const aged = document.createElement("p");
  aged.className = "aged";
  aged.setAttribute("role", "status");
  live.before(aged);

  function tellAge() {
    const isOld = paused || Date.now() - swappedAt > OLD_MS;
    const text = isOld ? `This page shows what was known at ${live.dataset.live} UTC; it was not updated since.` : "";
    if (aged.textContent !== text) aged.textContent = text; // it is read out whenever it is set
  }

  const isBeingRead = () => live.contains(document.activeElement) || !getSelection().isCollapsed;

  async function refresh() {
    if (!paused && !document.hidden && !isBeingRead()) await swap();
    tellAge();
  }

  async function swap() {
    let fresh;
    try {
      const response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
      if (!response.ok) return;
      fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return; // offline or restarting
    }
    const next = fresh.querySelector("[data-live]");
    if (!next || isBeingRead()) return;
    for (const details of next.querySelectorAll("details[id]")) {
      const shown = document.getElementById(details.id);
      if (shown) details.open = shown.open;
    }
    for (const shown of live.querySelectorAll("input[id], select[id]")) { // ticked or typed, and not sent yet
      const field = next.querySelector(`#${CSS.escape(shown.id)}`);
      if (!field) continue;
      if (shown.type === "checkbox") field.checked = shown.checked;
      else field.value = shown.value;
    }
    live.replaceChildren(...next.childNodes);
    document.title = fresh.title;
    live.dataset.live = next.dataset.live;
    swappedAt = Date.now();
  }

  setInterval(refresh, PERIOD_MS);
  document.addEventListener("visibilitychange", refresh);
})();
