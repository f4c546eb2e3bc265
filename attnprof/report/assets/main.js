// The page comes to life: unpack the run, make the store, let every view follow it.

function start(run) {
  drawHeadline(run);
  drawTheme();
  drawConditions(run);
  if (!run.rows.length || !Object.keys(run.metrics).length) {
    for (const part of document.querySelectorAll("[data-needs-rows]")) part.hidden = true;
    return;
  }
  const first = firstState(run);
  const store = makeStore(fromHash(run, location.hash, first));
  for (const draw of [drawControls, drawSummary, drawScatter, drawBudget, drawTable, drawRanks, drawScaling, drawCitations, drawSheet]) draw(run, store);
  $("table").addEventListener("row", (event) => store.set({ hover: event.detail }));
  store.follow(["setting", "x", "y", "scaleX", "scaleY", "query", "budget", "families"], (state) => {
    const hash = toHash(run, state, first);
    if (hash !== location.hash.slice(1)) history.replaceState(null, "", `#${hash}`);
  });
  addEventListener("hashchange", () => {
    const { setting, module, query, families, budget, x, y, scaleX, scaleY } = fromHash(run, location.hash, first);
    const chosen = { setting, query, families, budget, x, y, scaleX, scaleY };
    const same = toHash(run, { ...store.state, module: null }, first) === toHash(run, { ...chosen, module: null }, first);
    store.set(same ? { module } : { ...chosen, module });
  });
  for (const link of document.querySelectorAll("nav a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault(); // the address is taken: it holds what is chosen
      const section = document.querySelector(link.getAttribute("href"));
      section.scrollIntoView();
      section.focus({ preventScroll: true });
    });
  }
}

unpack($("data")).then(openRun).then(start).catch((problem) => {
  $("headline").textContent = "This page could not be drawn";
  $("tally").textContent = `It needs a browser from 2024 or later; the same figures are in results.csv. ${problem}`;
});
