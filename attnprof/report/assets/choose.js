// Choosing: which rows are meant, which of them keep the budget, and which no other one beats.

/** The rows under the present conditions. */
const present = (run, state) => run.rows.filter((row) => stands(row, state.setting));

/** Whether a row is among the families and names that are asked for. */
function matches(run, state, row) {
  if (state.families.size && !state.families.has(row.group)) return false;
  const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
  const about = `${row.title} ${run.modules[row.module]?.name ?? ""} ${row.group} ${row.status} ${row.flags ?? ""}`.toLowerCase();
  return words.every((word) => about.includes(word));
}

/** Whether a row keeps every bound, judged by the worse end of its interval. A figure that is missing keeps none. */
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

/** Those rows that no other one beats: as good in everything, and somewhere better by more than the noise. */
function front(rows, metrics) {
  if (metrics.some((metric) => !metric.better)) return [];
  const points = rows
    .filter((row) => !isFloor(row) && metrics.every((metric) => valueOf(row, metric.column) !== null))
    .map((row) => ({ row, costs: costs(row, metrics) }));
  const beats = (one, other) =>
    one.every((cost, n) => cost.value <= other[n].value) && one.some((cost, n) => cost.high < other[n].low);
  return points.filter(({ costs: mine }) => !points.some(({ costs: theirs }) => beats(theirs, mine))).map(({ row }) => row);
}

/** What the chart, the list and the table show: rows asked for, those within the budget, and their front. */
function choice(run, state) {
  const asked = present(run, state).filter((row) => matches(run, state, row));
  const within = asked.filter((row) => keeps(run, state, row));
  return { asked, within, front: front(within, [...new Set([run.metrics[state.x], run.metrics[state.y]])]) };
}

/** `text` as one word for a shell. */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command that makes the same choice; null without a budget that it knows. */
function pickCommand(run, state) {
  const known = run.options[state.setting.mode ?? run.rows[0]?.mode] ?? {};
  const words = Object.entries(state.budget)
    .filter(([column]) => known[column])
    .map(([column, bound]) => `${known[column]} ${asOption(run.metrics[column], bound)}`);
  return words.length ? `attnprof pick ${quoted(run.name)} --at ${quoted(state.setting.point)} ${words.join(" ")}` : null;
}
