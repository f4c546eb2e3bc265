// What the figures are conditional on, what the words mean, how to repeat the run and whom to cite.

function drawConditions(run) {
  fill($("caption"), run.caption.slice(1).map((line) => h("p", {}, line)));
  fill($("environment"), Object.entries(run.environment).map(([name, value]) => [h("dt", {}, name.replaceAll("_", " ")), h("dd", {}, value)]));
  $("spec").textContent = run.spec;
  $("repeat").hidden = !run.spec;
  $("spec-copy").append(copyButton(() => run.spec, "Copy spec"));
  fill($("words"), Object.values(run.metrics).map((metric) => [h("dt", {}, metricTitle(metric)), h("dd", {}, metric.help)]));
}

/** The papers of the modules that pass the filters. */
function drawCitations(run, store) {
  let text = "";
  store.follow(["query", "families", "setting", "budget"], (state) => {
    const keys = new Set(choice(run, state).within.map((row) => row.module));
    const papers = [...new Set([...keys].map((key) => run.modules[key]?.bibtex).filter(Boolean))];
    text = papers.join("\n\n");
    $("cite-count").textContent = `${plural(papers.length, "paper")} behind the ${plural(keys.size, "module")} that pass the filters.`;
    $("bibtex").textContent = text;
  });
  $("cite-copy").append(copyButton(() => text, "Copy BibTeX"));
}
