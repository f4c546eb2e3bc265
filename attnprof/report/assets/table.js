// The table: every row under the present conditions, or every row there is; sorted by any column.

function drawTable(run, store) {
  const metrics = Object.values(run.metrics);

  store.follow(["columns", "everywhere"], (state) => {
    fill($("table-controls"),
      run.dimensions.some(({ values }) => values.length > 1)
        ? toggle({ key: "everywhere", title: "all conditions", value: state.everywhere, choose: (everywhere) => store.set({ everywhere }) })
        : null,
      columnsMenu(metrics, store));
  });

  const draw = (state) => {
    const among = state.everywhere ? run.rows : present(run, state);
    const rows = among.filter((row) => matches(run, state, row) && keeps(run, state, row));
    const flags = [...new Set(rows.flatMap(flagsOf))];
    const everywhere = rows.length > 1 ? flags.filter((flag) => rows.every((row) => flagsOf(row).includes(flag))) : [];
    const columns = tableColumns(run, state, everywhere);
    const by = columns.find((column) => column.name === state.sort.column) ?? columns[0];
    // On a phone few columns are in sight at once: the one that orders the rows has to be.
    if (by !== columns[0] && $("table").clientWidth < 560) columns.splice(1, 0, ...columns.splice(columns.indexOf(by), 1));
    rows.sort((a, b) => compare(by.order(a), by.order(b), state.sort.descending) || compare(a.title, b.title, false) || a.index - b.index);
    const scales = Object.fromEntries(metrics.map((metric) => [metric.column, barScale(rows, metric)]));
    fill($("table"), h("table", {},
      h("thead", {}, h("tr", {}, columns.map((column) => heading(column, state.sort, store)))),
      h("tbody", {}, rows.map((row) => h("tr", { "data-row": row.index }, columns.map((column) => column.cell(row, scales)))))));
    const all = Object.keys(state.budget).length || state.query || state.families.size;
    $("table-count").textContent = `${showCount(rows.length)} of ${plural(among.length, "row")}${all && rows.length < among.length ? " pass the filters" : ""}`;
    $("table-empty").hidden = rows.length > 0;
    fill($("flag-words"), flags.map((flag) => [h("dt", {}, everywhere.includes(flag) ? `every row: ${flag}` : flag), h("dd", {}, run.flags[flag] ?? "a flag of another version")]));
  };
  store.follow(["setting", "families", "query", "budget", "sort", "columns", "everywhere"], draw);
  onWidth($("table"), () => draw(store.state));

  const body = $("table");
  body.addEventListener("pointerover", (event) => {
    const index = Number(event.target.closest("tr[data-row]")?.dataset.row ?? NaN);
    if (event.pointerType === "mouse") body.dispatchEvent(new CustomEvent("row", { detail: Number.isNaN(index) ? null : index }));
  });
}

const flagsOf = (row) => String(row.flags ?? "").split(" ").filter(Boolean);

/** What is missing comes last, whichever way the rest is sorted. */
function compare(a, b, descending) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : (a > b) - (a < b);
  return descending ? -order : order;
}

/** The columns on show. Flags in `everywhere` stand below the table, not in every row. */
function tableColumns(run, state, everywhere) {
  const dimensions = state.everywhere ? run.dimensions.filter(({ values }) => values.length > 1) : [];
  const remarks = run.rows.some((row) => row.status !== "ok" || row.flags);
  return [
    { name: "title", title: "module", order: (row) => row.title, cell: (row) => h("th", { scope: "row" }, mark(row.group), moduleLink(row)) },
    ...dimensions.map(({ name, title }) => ({
      name, title, order: (row) => (name === "point" && !row.host ? row.channels * 1e8 + row.pixels : row[name]),
      cell: (row) => h("td", { class: "text" }, name === "point" ? row.point.replace("@", " @ ") : String(row[name])),
    })),
    ...Object.values(run.metrics).filter((metric) => state.columns.has(metric.column)).map((metric) => metricColumn(run, metric)),
    ...(remarks ? [{ name: "flags", title: "note", order: (row) => `${row.status} ${row.flags ?? ""}`, cell: (row) => h("td", { class: "text notes" },
      row.status === "ok" ? null : h("span", { class: "badge bad", title: row.reason }, row.status),
      flagsOf(row).filter((flag) => !everywhere.includes(flag)).map((flag) => h("span", { class: "badge", title: run.flags[flag] ?? "" }, flag))) }] : []),
  ];
}

function metricColumn(run, metric) {
  const { column } = metric;
  const ratio = metric.counter && "macs" in run.metrics;
  const order = (row) => (ratio && row[column] !== null && row.macs ? Number(row[column]) / Number(row.macs) : row[column] ?? null);
  return {
    name: column, title: metric.title, help: metric.help, numeric: true, order,
    cell: (row, scales) => {
      if (row[column] === null || row[column] === undefined) {
        const why = reason(run, row, column);
        return h("td", { class: "missing", title: why }, h("span", { "aria-label": `none: ${why}` }, NONE));
      }
      const spread = uncertainty(row, metric);
      const text = ratio ? showRatio(row[column], row.macs) : shown(row, metric);
      return h("td", { class: ratio && text === "=" ? "figure same" : "figure", title: ratio ? `${showCount(row[column])} by ${metric.title}` : null },
        scales[column] ? bar(scales[column](valueOf(row, column))) : null,
        h("span", { class: "value" }, text), metric.low ? h("span", { class: "spread" }, spread) : null);
    },
  };
}

/** From a value to a share of the cell's width, on a log scale; null where bars would say nothing. */
function barScale(rows, metric) {
  if (metric.kind !== "s" && metric.kind !== "bytes") return null;
  const values = rows.map((row) => valueOf(row, metric.column)).filter((value) => value > 0);
  if (values.length < 2) return null;
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => (value > 0 && high > low ? 0.03 + (0.97 * (Math.log(value) - low)) / (high - low) : 0);
}

const bar = (share) =>
  s("svg", { class: "bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { width: (100 * share).toFixed(1), height: 1 }));

function heading(column, sort, store) {
  const on = sort.column === column.name;
  return h("th", { scope: "col", class: column.numeric ? "figure" : null, "aria-sort": on ? (sort.descending ? "descending" : "ascending") : "none" },
    h("button", { type: "button", "data-key": `sort-${column.name}`, title: column.help, onclick: () => store.set({ sort: { column: column.name, descending: on && !sort.descending } }) },
      column.title, h("span", { class: "arrow", "aria-hidden": "true" }, on ? (sort.descending ? "↓" : "↑") : "")));
}

function columnsMenu(metrics, store) {
  const was = $("table-controls").querySelector("details")?.open ?? false;
  return h("details", { class: "menu", open: was },
    h("summary", { class: "button small", "data-key": "columns" }, "Columns"),
    h("div", { class: "menu-body" }, metrics.map((metric) => toggle({
      key: `column-${metric.column}`, title: metricTitle(metric), value: store.state.columns.has(metric.column),
      choose: (on) => {
        const columns = new Set(store.state.columns);
        if (on) columns.add(metric.column);
        else columns.delete(metric.column);
        store.set({ columns });
      },
    }))));
}
