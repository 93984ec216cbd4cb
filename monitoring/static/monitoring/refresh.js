// Keeps an open page current: while it is visible it fetches itself and swaps the part that changes. Nothing depends on it.
"use strict";
(() => {
  const PERIOD_MS = 15_000;
  const live = document.querySelector("[data-live]");
  const footer = document.querySelector("footer .wrap");
  if (!live || !footer) return;

  let paused = false;
  const button = document.createElement("button");
  button.type = "button";
  const label = () => { button.textContent = paused ? "Resume updates" : "Pause updates"; };
  button.addEventListener("click", () => { paused = !paused; label(); });
  label();
  const line = document.createElement("p");
  line.append("This page keeps itself current. ", button);
  footer.append(line);

  const isBeingRead = () => live.contains(document.activeElement) || !getSelection().isCollapsed;

  async function refresh() {
    if (paused || document.hidden || isBeingRead()) return;
    let fresh;
    try {
      const response = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!response.ok) return;
      fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      return; // offline or restarting: the times on the page say how old it is
    }
    const next = fresh.querySelector("[data-live]");
    if (!next || isBeingRead()) return;
    for (const details of next.querySelectorAll("details[id]")) {
      const shown = document.getElementById(details.id);
      if (shown) details.open = shown.open;
    }
    live.replaceChildren(...next.childNodes);
    document.title = fresh.title;
  }

  setInterval(refresh, PERIOD_MS);
  document.addEventListener("visibilitychange", refresh);
})();
