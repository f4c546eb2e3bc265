// One module: what it computes, its rank, its costs at every size, what other tools count, how to use and cite it.

const openModule = (key) => (location.hash = hashWith({ module: key }));
const closeModule = () => (location.hash = hashWith({ module: null }));

/** The present address with `changes`. */
function hashWith(changes) {
  const words = new URLSearchParams(location.hash.replace(/^#/, ""));
  for (const [key, value] of Object.entries(changes)) value === null ? words.delete(key) : words.set(key, value);
  return words.toString();
}

function drawSheet(run, store) {
  const dialog = $("sheet");
  const keys = [...new Set(run.rows.map((row) => row.module))].sort();
  const step = (by) => openModule(keys[(keys.indexOf(store.state.module) + by + keys.length) % keys.length]);

  store.follow(["module", "setting"], (state) => {
    if (!state.module) {
      if (dialog.open) dialog.close();
      return;
    }
    fill(dialog, sheetHead(run, state.module, step), h("div", { class: "sheet-body" }, sheetBody(run, state)));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  });
  dialog.addEventListener("close", () => store.state.module && closeModule());
  dialog.addEventListener("click", (event) => event.target === dialog && closeModule());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by && !event.target.closest("input, select, pre, .scroll")) step(by);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-module]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openModule(link.dataset.module);
  });
}

function sheetHead(run, key, step) {
  const about = run.modules[key];
  const family = run.rows.find((row) => row.module === key).group;
  return h("header", { class: "sheet-head" },
    h("div", {},
      h("p", { class: "quiet" }, mark(family), [about ? familyName(family) : "your own module", about ? `goes ${about.place}` : null, about?.year].filter(Boolean).join(" · ")),
      h("h2", { id: "sheet-title", tabindex: -1, autofocus: true }, about?.name ?? key, about ? h("code", {}, key) : null)),
    h("div", { class: "sheet-tools" },
      h("button", { type: "button", class: "button small", "data-key": "previous", "aria-label": "Previous module", onclick: () => step(-1) }, "←"),
      h("button", { type: "button", class: "button small", "data-key": "next", "aria-label": "Next module", onclick: () => step(1) }, "→"),
      h("button", { type: "button", class: "button small", "data-key": "close", "aria-label": "Close", onclick: closeModule }, "✕")));
}

function sheetBody(run, state) {
  const about = run.modules[state.module];
  const rows = run.rows.filter((row) => row.module === state.module);
  const here = rows.filter((row) => stands(row, state.setting));
  return [
    about ? h("p", { class: "lede" }, about.summary) : null,
    about?.text.map(({ formula, prose }) => (formula ? h("pre", { class: "formula", tabindex: 0 }, formula) : h("p", { class: "prose" }, prose))),
    part(`Rank at ${state.setting.point.replace("@", " @ ")}`, standing(run, state, here)),
    part("Costs", costTable(run, rows)),
    part("Operations by kind", operations(run, here)),
    part("Scaling", grows(run, state, rows)),
    part("MACs by other tools", otherCounts(run, here)),
    about ? part("Closed forms", closedForms(about)) : null,
    about ? part("Settings", settings(about)) : null,
    about?.deviations.length ? part("How copies and the paper differ", h("ul", {}, about.deviations.map((text) => h("li", {}, text)))) : null,
    about ? part("Use", snippet(rows[0], state, about)) : null,
    about?.bibtex ? part("Cite", cite(about)) : null,
  ];
}

const part = (title, content) => (content ? h("section", { class: "part" }, h("h3", {}, title), content) : null);

/** Its place among all modules, one strip for each cost. */
function standing(run, state, here) {
  const all = present(run, state);
  const row = here.find((each) => !each.variant) ?? here[0];
  if (!row) return null;
  const strips = run.main.map((column) => {
    const metric = run.metrics[column];
    const others = all.filter((each) => !isFloor(each) && valueOf(each, column) !== null);
    if (valueOf(row, column) === null) return [h("span", {}, metricTitle(metric)), h("span", { class: "quiet strip-none" }, reason(run, row, column))];
    const rank = 1 + others.filter((each) => valueOf(each, column) < valueOf(row, column)).length;
    const axis = makeAxis({ metric, values: [...others, row].map((each) => valueOf(each, column)), log: true, from: 6, to: 294 });
    return [h("span", {}, metricTitle(metric)),
      s("svg", { class: "strip", viewBox: "0 0 300 22", preserveAspectRatio: "none", "aria-hidden": "true" },
        others.map((each) => s("line", { class: "strip-other", x1: axis.place(valueOf(each, column)), x2: axis.place(valueOf(each, column)), y1: 6, y2: 16 })),
        s("line", { class: `strip-self ${familyClass(row.group)}`, x1: axis.place(valueOf(row, column)), x2: axis.place(valueOf(row, column)), y1: 1, y2: 21 })),
      h("span", { class: "figure" }, brief(metric, row[column])),
      h("span", { class: "quiet figure" }, isFloor(row) ? "the floor" : `${rank} of ${others.length}`)];
  });
  return h("div", { class: "strips" }, strips);
}

function costTable(run, rows) {
  const metrics = Object.values(run.metrics).filter((metric) => metric.shown && !metric.counter);
  const varying = run.dimensions.filter(({ name, values }) => name !== "point" && values.length > 1);
  const titles = new Set(rows.map((row) => row.title)).size > 1;
  const cell = (row, metric) => row[metric.column] === null || row[metric.column] === undefined
    ? h("td", { class: "missing" }, NONE)
    : h("td", { class: "figure" }, shown(row, metric), metric.low ? h("span", { class: "spread" }, uncertainty(row, metric)) : null);
  const remarks = rows.flatMap((row) => [
    ...(row.status === "ok" ? [] : [`${row.point}: ${row.status}: ${row.reason}`]),
    ...(row.remarks ? [`${row.title}: ${row.remarks}`] : []),
    ...flagsOf(row).map((flag) => `${flag}: ${run.flags[flag] ?? "a flag of another version"}`),
    ...metrics.filter((metric) => row[metric.column] === null && run.notes[row.index][metric.column]).map((metric) => `${row.point}: no ${metricTitle(metric)}: ${run.notes[row.index][metric.column]}`)]);
  return [
    h("div", { class: "scroll", tabindex: 0 }, h("table", { class: "small-table" },
      h("thead", {}, h("tr", {}, titles ? h("th", { scope: "col" }, "module") : null, h("th", { scope: "col" }, run.dimensions[0].title), varying.map(({ title }) => h("th", { scope: "col" }, title)), metrics.map((metric) => h("th", { scope: "col", class: "figure" }, metricTitle(metric))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, titles ? h("th", { scope: "row" }, row.title) : null, h("td", {}, row.point.replace("@", " @ ")), varying.map(({ name }) => h("td", {}, String(row[name]))), metrics.map((metric) => cell(row, metric))))))),
    [...new Set(remarks)].map((text) => h("p", { class: "quiet remark" }, text)),
  ];
}

const KINDS = ["mac", "pointwise", "norm", "softmax", "reduction", "transcendental", "bias", "fft"];
const kindClass = (kind) => `series-${Math.max(0, KINDS.indexOf(kind))}`;

/** Shares of the kinds of operations, where the run has them. */
function operations(run, here) {
  const bars = here.map((row) => {
    const kinds = Object.entries(JSON.parse(row.flops_by_category || "{}")).map(([kind, value]) => ({ kind, value })).sort((a, b) => b.value - a.value);
    const sum = kinds.reduce((total, { value }) => total + value, 0);
    if (!sum) return null;
    let from = 0;
    return h("div", { class: "operations" },
      here.length > 1 ? h("p", { class: "quiet" }, row.title) : null,
      s("svg", { class: "stack", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img", "aria-label": kinds.map(({ kind, value }) => `${kind} ${showShare(value / sum)}`).join(", ") },
        kinds.map(({ kind, value }) => {
          const rect = s("rect", { class: kindClass(kind), x: (100 * from) / sum, width: (100 * value) / sum, height: 8 });
          from += value;
          return rect;
        })),
      h("ul", { class: "legend" }, kinds.map(({ kind, value }) =>
        h("li", { class: kindClass(kind) }, h("i", {}), kind, h("b", {}, showShare(value / sum)), h("span", { class: "quiet" }, `${short(value)}`)))));
  }).filter(Boolean);
  return bars.length ? bars : null;
}

function grows(run, state, rows) {
  const titles = [...new Set(rows.map((row) => row.title))].slice(0, MOST_SERIES);
  const lines = ways(run, state.setting).filter((way) => way !== "point").map((way) => {
    const at = run.rows.find((row) => stands(row, state.setting));
    const laws = titles.flatMap((title) => {
      const own = followed(run, state.setting, way, at).filter((row) => row.title === title);
      const grown = run.main.map((column) => {
        const points = own.filter((row) => valueOf(row, column) !== null).map((row) => [row[way], valueOf(row, column)]);
        return [metricTitle(run.metrics[column]), exponent(points)];
      }).filter(([, slope]) => slope !== null);
      return grown.length ? h("p", {}, titles.length > 1 ? h("b", {}, `${title}: `) : null, grown.map(([name, slope], n) => [n ? ", " : "", Math.abs(slope) < 0.005 ? `${name} constant` : [`${name} ${growth(ALONG[way].symbol, slope).base}`, h("sup", {}, fixed(slope, 2))]])) : [];
    });
    return laws.length ? laws : null;
  }).filter(Boolean);
  return lines.length ? [...lines, h("p", { class: "quiet" }, "Fitted on logarithms over this run's sizes, other conditions fixed; not valid beyond these sizes.")] : null;
}

function otherCounts(run, here) {
  const counters = Object.values(run.metrics).filter((metric) => metric.counter);
  const lines = here.flatMap((row) => counters.map((metric) => {
    const value = row[metric.column];
    const name = here.length > 1 ? `${row.title}, ${metric.title}` : metric.title;
    if (value === null || value === undefined) return [h("dt", {}, name), h("dd", {}, `none: ${reason(run, row, metric.column)}`)];
    return [h("dt", {}, name), h("dd", {}, `${showCount(value)} MACs, `, h("b", {}, value === row.macs ? "as ours" : `${showRatio(value, row.macs)} of ours`))];
  }));
  return lines.length ? h("dl", { class: "pairs" }, lines) : null;
}

function closedForms(about) {
  if (!about.params) return null;
  const lines = [["params", about.params], ["MACs", about.macs], ...Object.entries(about.where)];
  return [h("dl", { class: "pairs forms" }, lines.map(([name, text]) => [h("dt", {}, name), h("dd", {}, h("code", {}, text))])), h("p", { class: "quiet" }, "MACs per image; N = H·W.")];
}

function settings(about) {
  const rows = Object.entries(about.arguments).map(([name, value]) => [h("dt", {}, h("code", {}, name)), h("dd", {}, h("code", {}, value))]);
  const variants = Object.entries(about.variants).map(([name, text]) => [h("dt", {}, `(${name})`), h("dd", {}, h("code", {}, text))]);
  if (!rows.length && !about.limits.length) return null;
  return [
    rows.length ? h("dl", { class: "pairs" }, rows) : null,
    variants.length ? [h("h4", {}, "Named variants"), h("dl", { class: "pairs" }, variants)] : null,
    about.limits.length ? [h("h4", {}, "Limits"), h("ul", {}, about.limits.map((text) => h("li", {}, text)))] : null,
  ];
}

function snippet({ host }, state, about) {
  const [channels, side] = state.setting.point.split("@");
  const [height, width = height] = side.split("x");
  const text = host ? `attnprof host ${host} --insert ${state.module}` : `import attnprof\n\ngate = attnprof.create("${state.module}", ${channels}${about.sized ? `, height=${height}, width=${width}` : ""})`;
  return [h("pre", { tabindex: 0 }, text), copyButton(() => text)];
}

function cite(about) {
  return [
    h("pre", { tabindex: 0 }, about.bibtex),
    h("p", { class: "row" }, copyButton(() => about.bibtex, "Copy BibTeX"), about.url ? h("a", { href: about.url, rel: "noreferrer", target: "_blank" }, "The paper") : null),
  ];
}
