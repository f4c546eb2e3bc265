// The first screen: what the run holds, and the best in each main metric.

function drawHeadline(run) {
  const inside = run.rows.some((row) => row.host);
  // The plain network is no module; the identity of a catalogue is one.
  const modules = new Set(run.rows.filter((row) => !row.host || !isFloor(row)).map((row) => row.module)).size;
  const points = run.dimensions[0].values;
  const where = `${inside ? "in" : "at"} ${points.length === 1 ? points[0].replace("@", " @ ") : plural(points.length, inside ? "network" : "size")}`;
  const varied = { batch: "batches", execution: "runtimes" };
  const several = run.dimensions.filter(({ name }) => name in varied).map(({ name, values }) => `, ${values.length} ${varied[name]}`).join("");
  $("headline").textContent = run.rows.length ? `${plural(modules, "attention module")} ${where}${several}` : "No cell was finished";
  const counts = {};
  for (const row of run.rows) counts[row.status] = (counts[row.status] ?? 0) + 1;
  const parts = [`${plural(run.rows.length, "cell")}${run.planned > run.rows.length ? ` of ${showCount(run.planned)} planned` : ""}`];
  for (const [status, n] of Object.entries(counts)) if (status !== "ok") parts.push(`${showCount(n)} ${status}`);
  $("tally").textContent = parts.join(", ");
}

/** "Fewest MACs", "Lowest latency", "Highest throughput". */
function superlative(metric) {
  if (metric.better === "more") return `Highest ${metricTitle(metric)}`;
  return `${metric.kind === "count" ? "Fewest" : "Lowest"} ${metricTitle(metric)}`;
}

/** The best row of a metric, the others that are tied with it, and the worst; null where no row has a figure. */
function leader(rows, metric) {
  const ranked = rows.filter((row) => !isFloor(row) && valueOf(row, metric.column) !== null);
  if (!ranked.length) return null;
  const cost = (row) => costs(row, [metric])[0];
  ranked.sort((a, b) => cost(a).value - cost(b).value);
  const [best, ...others] = ranked;
  return { best, ties: others.filter((row) => cost(row).low <= cost(best).high), worst: ranked.at(-1) };
}

function drawSummary(run, store) {
  store.follow(["setting"], (state) => {
    const rows = present(run, state);
    fill($("leaders"), run.main.map((column) => leaderCard(run.metrics[column], rows)), agreement(run, rows));
  });
}

function leaderCard(metric, rows) {
  const leading = leader(rows, metric);
  if (!leading) return null;
  const { best, ties, worst } = leading;
  const names = ties.slice(0, 2).map((row) => row.title).join(", ");
  const tied = `tied with: ${names}${ties.length > 2 ? ` and ${ties.length - 2} more` : ""}`;
  const other = `${metric.better === "more" ? "lowest" : "highest"}: ${worst.title}, ${brief(metric, worst[metric.column])}`;
  return h("article", { class: "leader" },
    h("h3", {}, superlative(metric)),
    h("p", { class: "leader-name" }, mark(best.group), moduleLink(best)),
    h("p", { class: "leader-value" }, show(metric, best[metric.column]), " ", h("span", { class: "quiet" }, uncertainty(best, metric))),
    h("p", { class: "quiet" }, ties.length ? tied : other));
}

/** How often each other tool counts the MACs that we count. */
function agreement(run, rows) {
  const counters = Object.values(run.metrics).filter((metric) => metric.counter);
  const ours = rows.filter((row) => row.macs !== null && row.macs !== undefined);
  if (!counters.length || !ours.length) return null;
  return h("article", { class: "leader" },
    h("h3", {}, "Same MACs as ours"),
    counters.map((metric) => {
      const counted = ours.filter((row) => row[metric.column] !== null);
      const same = counted.filter((row) => row[metric.column] === row.macs).length;
      const share = s("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
        s("rect", { width: 100, height: 6, class: "share-all" }), s("rect", { width: counted.length ? (100 * same) / counted.length : 0, height: 6, class: "share-part" }));
      return h("div", { class: "peer" }, h("b", {}, metric.title), share, h("span", {}, `${same} of ${counted.length}`));
    }));
}

/** A link that opens a module's page. */
const moduleLink = (row) => h("a", { href: `#module=${encodeURIComponent(row.module)}`, "data-module": row.module }, row.title);
