// The first screen: what the run holds, and who leads under the present conditions.

function drawHeadline(run) {
  const inside = run.rows.some((row) => row.host);
  // The plain network is no module; the identity of a catalogue is one.
  const modules = new Set(run.rows.filter((row) => !row.host || !isFloor(row)).map((row) => row.module)).size;
  const points = run.dimensions[0].values;
  const where = `${inside ? "in" : "at"} ${points.length === 1 ? points[0].replace("@", " @ ") : plural(points.length, inside ? "network" : "size")}`;
  $("headline").textContent = run.rows.length ? `${plural(modules, "attention module")} ${where}` : "No cell was finished";
  const counts = {};
  for (const row of run.rows) counts[row.status] = (counts[row.status] ?? 0) + 1;
  const parts = [`${plural(run.rows.length, "cell")}${run.planned > run.rows.length ? ` of ${showCount(run.planned)} planned` : ""}`];
  for (const [status, n] of Object.entries(counts)) if (status !== "ok") parts.push(`${showCount(n)} ${status}`);
  $("tally").textContent = parts.join(", ");
}

const SUPERLATIVES = { latency_s: "Fastest", macs: "Fewest MACs", params: "Fewest parameters", peak_memory_bytes: "Least memory", throughput_per_s: "Most images per second" };

/** The best row of a metric and how many others the noise does not tell from it; null where there is none. */
function leader(rows, metric) {
  const known = rows.filter((row) => !isFloor(row) && valueOf(row, metric.column) !== null);
  if (!known.length) return null;
  const cost = (row) => costs(row, [metric])[0];
  const ordered = [...known].sort((a, b) => cost(a).value - cost(b).value);
  return { row: ordered[0], ties: ordered.slice(1).filter((row) => cost(row).low <= cost(ordered[0]).high), last: ordered.at(-1) };
}

function drawSummary(run, store) {
  const columns = ["latency_s", "macs", "params", "peak_memory_bytes"].filter((column) => column in run.metrics);
  store.follow(["setting"], (state) => {
    const rows = present(run, state);
    fill($("leaders"), columns.map((column) => {
      const metric = run.metrics[column];
      const found = leader(rows, metric);
      if (!found) return null;
      const others = found.ties.length;
      const names = found.ties.slice(0, 2).map((row) => row.title).join(", ");
      return h("article", { class: "leader" },
        h("h3", {}, SUPERLATIVES[column]),
        h("p", { class: "leader-name" }, mark(found.row.group), moduleLink(found.row)),
        h("p", { class: "leader-value" }, show(metric, found.row[column]), " ", h("span", { class: "quiet" }, uncertainty(found.row, metric))),
        h("p", { class: "quiet" }, others ? `${metric.low ? "not told apart" : "the same"}: ${names}${others > 2 ? ` and ${others - 2} more` : ""}` : `${column === "latency_s" ? "slowest" : "most"}: ${found.last.title}, ${brief(metric, found.last[column])}`));
    }), agreement(run, rows));
  });
}

/** How often each other counter counts what we count. */
function agreement(run, rows) {
  const peers = Object.values(run.metrics).filter((metric) => metric.counter);
  const ours = rows.filter((row) => row.macs !== null && row.macs !== undefined);
  if (!peers.length || !ours.length) return null;
  return h("article", { class: "leader" },
    h("h3", {}, "Count the same MACs"),
    peers.map((metric) => {
      const asked = ours.filter((row) => row[metric.column] !== null);
      const same = asked.filter((row) => row[metric.column] === row.macs).length;
      const share = s("svg", { class: "share", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
        s("rect", { width: 100, height: 6, class: "share-all" }), s("rect", { width: asked.length ? (100 * same) / asked.length : 0, height: 6, class: "share-part" }));
      return h("div", { class: "peer" }, h("b", {}, metric.counter), share, h("span", {}, `${same} of ${asked.length}`));
    }));
}

/** A link that opens a module's page. */
const moduleLink = (row) => h("a", { href: `#module=${encodeURIComponent(row.module)}`, "data-module": row.module }, row.title);
