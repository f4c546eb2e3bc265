// Choosing: rows under the present conditions, those within the budget, and the Pareto-optimal ones.

/** The rows under the present conditions. */
const present = (run, state) => run.rows.filter((row) => stands(row, state.setting));

/** Whether a row has one of the chosen families and matches the query. */
function matches(run, state, row) {
  if (state.families.size && !state.families.has(row.group)) return false;
  const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
  const about = `${row.title} ${run.modules[row.module]?.name ?? ""} ${row.group} ${row.status} ${row.flags ?? ""}`.toLowerCase();
  return words.every((word) => about.includes(word));
}

/** Whether a row keeps every limit, judged by the worse end of its interval. A missing figure keeps none. */
function keeps(run, state, row) {
  return Object.entries(state.budget).every(([column, bound]) => {
    const metric = run.metrics[column];
    const { value, low, high } = span(row, metric);
    return value !== null && (metric.better === "more" ? low >= bound : high <= bound);
  });
}

/** The two figures of a row as costs, with the ends of their intervals. */
const costs = (row, metrics) =>
  metrics.map((metric) => {
    const { value, low, high } = span(row, metric);
    return metric.better === "more" ? { value: -value, low: -high, high: -low } : { value, low, high };
  });

/** The Pareto-optimal rows. One row beats another if it is as good in everything, and in one thing better beyond the noise. */
function front(rows, metrics) {
  if (metrics.some((metric) => !metric.better)) return [];
  const points = rows
    .filter((row) => !isFloor(row) && metrics.every((metric) => valueOf(row, metric.column) !== null))
    .map((row) => ({ row, costs: costs(row, metrics) }));
  const beats = (one, other) =>
    one.every((cost, n) => cost.value <= other[n].value) && one.some((cost, n) => cost.high < other[n].low);
  return points.filter(({ costs: mine }) => !points.some(({ costs: theirs }) => beats(theirs, mine))).map(({ row }) => row);
}

/** What the chart, the list and the table show: the matching rows, those within the budget, and the Pareto-optimal ones. */
function choice(run, state) {
  const matching = present(run, state).filter((row) => matches(run, state, row));
  const within = matching.filter((row) => keeps(run, state, row));
  return { matching, within, front: front(within, [...new Set([run.metrics[state.x], run.metrics[state.y]])]) };
}

/** `text` as one word for a shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command that makes the same choice; null without a budget that it knows. */
function pickCommand(run, state) {
  const options = run.options[state.setting.mode ?? run.rows[0]?.mode] ?? {};
  const words = Object.entries(state.budget)
    .filter(([column]) => options[column])
    .map(([column, bound]) => `${options[column]} ${asOption(run.metrics[column], bound)}`);
  const batch = state.setting.batch ? ` --batch ${state.setting.batch}` : ""; // a condition only where there are several
  const runtime = state.setting.execution ? ` --runtime ${state.setting.execution}` : "";
  return words.length ? `attnprof pick ${quoted(run.name)} --at ${quoted(state.setting.point)}${batch}${runtime} ${words.join(" ")}` : null;
}
