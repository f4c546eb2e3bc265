// The budget: one slider for each cost, what keeps it, and the command that chooses the same.

const STEPS = 240;

function drawBudget(run, store) {
  let sliders = [];

  store.follow(["x", "y", "setting"], (state) => {
    const columns = [...new Set([...run.main, state.y, state.x])].filter((column) => run.metrics[column]?.better);
    sliders = columns.map((column) => slider(run, store, run.metrics[column])).filter(Boolean);
    fill($("sliders"), sliders.map(({ field }) => field));
  });
  store.follow(["budget", "setting", "x", "y", "query", "families"], (state) => {
    for (const each of sliders) each.follow(state.budget);
    const { front: best, ...rows } = choice(run, state);
    // The floor is no module to choose: it is drawn, and not counted.
    const [matching, within] = [rows.matching, rows.within].map((some) => some.filter((row) => !isFloor(row)));
    const limited = Object.keys(state.budget).length > 0;
    $("verdict").textContent = limited ? `${showCount(within.length)} of ${plural(matching.length, "module")} fit` : `${plural(matching.length, "module")}, no limit`;
    $("reset").hidden = !limited;
    fill($("front"), limited && matching.length && !within.length ? closest(run, state, matching) : frontList(run, state, best));
    const command = pickCommand(run, state);
    fill($("pick"), command ? [h("code", {}, command), copyButton(() => command)] : null);
  });
  $("reset").addEventListener("click", () => store.set({ budget: {} }));
}

function slider(run, store, metric) {
  const more = metric.better === "more";
  const worst = present(run, store.state).filter((row) => !isFloor(row)).map((row) => span(row, metric)[more ? "low" : "high"]).filter((value) => value > 0);
  if (!worst.length) return null;
  const [low, high] = [Math.min(...worst), Math.max(...worst)];
  const rounded = (value) => {
    const power = 10 ** (Math.floor(Math.log10(value)) - 1);
    return Number(((more ? Math.floor : Math.ceil)(Number((value / power).toPrecision(9))) * power).toPrecision(2));
  };
  const off = more ? 0 : STEPS;
  const valueAt = (step) => rounded(low * (high / low) ** (step / STEPS));
  const stepOf = (value) => (high > low ? Math.round((STEPS * Math.log(value / low)) / Math.log(high / low)) : off);
  const title = `${more ? "Minimum" : "Maximum"} ${metricTitle(metric)}`;
  const output = h("output", {});
  const input = h("input", {
    type: "range", min: 0, max: STEPS, step: 1, value: off, "data-key": `budget-${metric.column}`, "data-column": metric.column,
    "aria-label": title,
    oninput: () => {
      const { [metric.column]: _, ...others } = store.state.budget;
      const step = Number(input.value);
      store.set({ budget: step === off ? others : { ...others, [metric.column]: valueAt(step) } });
    },
  });
  const follow = (budget) => {
    const bound = budget[metric.column];
    const text = bound === undefined ? "no limit" : `${more ? "≥" : "≤"} ${brief(metric, bound)}`;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.classList.toggle("on", bound !== undefined);
    // The thumb of a slider that is being moved stays where the hand is.
    const step = bound === undefined ? off : Math.min(STEPS, Math.max(0, stepOf(bound)));
    if (document.activeElement !== input || bound === undefined) input.value = step;
    input.style.setProperty("--filled", `${(100 * Number(input.value)) / STEPS}%`);
  };
  return { field: h("label", { class: "slider" }, h("span", {}, title), output, input), follow };
}

function frontList(run, state, best) {
  const [mx, my] = [run.metrics[state.x], run.metrics[state.y]];
  if (!best.length) return h("p", { class: "quiet" }, mx.better && my.better ? "Nothing to choose from." : `Nothing is Pareto-optimal: more ${metricTitle(mx.better ? my : mx)} is neither better nor worse.`);
  const ordered = [...best].sort((a, b) => costs(a, [my])[0].value - costs(b, [my])[0].value);
  return [
    h("p", { class: "quiet" }, `Pareto-optimal: no module has ${goal(my)} without ${mx.better === "more" ? "less" : "more"} ${metricTitle(mx)}.`),
    h("ol", {}, ordered.map((row) => h("li", { "data-row": row.index },
      h("span", { class: "front-name" }, mark(row.group), moduleLink(row)),
      h("span", { class: "figure" }, brief(my, row[state.y])),
      state.x === state.y ? null : h("span", { class: "figure quiet" }, brief(mx, row[state.x]))))),
  ];
}

const goal = (metric) => `${metric.better === "more" ? "more" : "less"} ${metricTitle(metric)}`;

/** The row that misses the budget by the least factor, and by how much. */
function closest(run, state, rows) {
  const misses = rows
    .map((row) => ({ row, over: Object.entries(state.budget).map(([column, bound]) => miss(row, run.metrics[column], bound)) }))
    .filter(({ over }) => over.every(({ factor }) => factor !== null))
    .sort((a, b) => Math.max(...a.over.map(({ factor }) => factor)) - Math.max(...b.over.map(({ factor }) => factor)));
  if (!misses.length) return h("p", {}, "Nothing fits: no module has every figure that the budget limits.");
  const { row, over } = misses[0];
  const excesses = over.filter(({ factor }) => factor > 1).map(({ metric, factor, bound }) => {
    const worst = span(row, metric)[metric.better === "more" ? "low" : "high"];
    const by = Number.isFinite(factor) ? `${significant(factor)}× ` : "";
    return `${metricTitle(metric)} ${brief(metric, worst)} is ${by}${metric.better === "more" ? "below" : "above"} the limit of ${brief(metric, bound)}`;
  });
  return h("p", {}, "Nothing fits. Closest: ", moduleLink(row), `, ${excesses.join("; ")}.`);
}

function miss(row, metric, bound) {
  const { value, low, high } = span(row, metric);
  if (value === null) return { metric, bound, factor: null };
  return { metric, bound, factor: metric.better === "more" ? bound / low : bound > 0 ? high / bound : high > 0 ? Infinity : 1 };
}
