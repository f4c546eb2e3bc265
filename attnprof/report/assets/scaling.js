// How a cost grows with channels, with the map, or along a network's sizes; and the exponent it grows by.

const ALONG = {
  channels: { title: "channels C", symbol: "C", except: ["point"], same: (row, at) => row.side === at.side },
  pixels: { title: "pixels H·W", symbol: "HW", except: ["point"], same: (row, at) => row.channels === at.channels },
  batch: { title: "images per call", symbol: "N", except: ["batch"], same: () => true },
  point: { title: "sizes, as listed", symbol: "", except: ["point"], same: () => true },
};
const MOST_SERIES = 8;

/** The ways in which this run's rows can be followed under `setting`: those along which something varies. */
function ways(run, setting) {
  const at = run.rows.find((row) => stands(row, setting));
  if (!at) return [];
  const open = Object.keys(ALONG).filter((name) => new Set(followed(run, setting, name, at).map((row) => row[name])).size > 1);
  // The places of a network are no product of channels and sizes: only such a run is followed as its sizes come.
  const distinct = (name) => new Set(run.rows.map((row) => row[name])).size;
  const product = distinct("channels") * distinct("side") === distinct("point");
  return product && open.length > 1 ? open.filter((name) => name !== "point") : open;
}

const followed = (run, setting, name, at) => run.rows.filter((row) => stands(row, setting, ALONG[name].except) && row.host === at.host && ALONG[name].same(row, at));

/** The slope of log y over log x by least squares; null where there are not two different x, or a value is not positive. */
function exponent(points) {
  if (points.some(([x, y]) => !(x > 0) || !(y > 0)) || new Set(points.map(([x]) => x)).size < 2) return null;
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (n) => logs.reduce((sum, pair) => sum + pair[n], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  return logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

/** A power law in words of the chart: its base, and its exponent to be raised; null where there is none. */
const growth = (symbol, value) => (value === null || !symbol ? null : { base: `∝ ${symbol.length > 1 ? `(${symbol})` : symbol}`, power: fixed(value, 2) });

function drawScaling(run, store) {
  const frame = $("scaling");
  const seriesOf = (state) => state.series ?? choice(run, { ...state, budget: {}, query: "", families: new Set() }).front.slice(0, 6).map((row) => row.title);
  const wayOf = (state) => {
    const open = ways(run, state.setting);
    return open.includes(state.scaleX) ? state.scaleX : open[0];
  };

  const draw = (state) => {
    const way = wayOf(state);
    $("scaling-none").hidden = Boolean(way);
    $("scaling-body").hidden = !way;
    if (!way || !frame.clientWidth) return;
    const chosen = seriesOf(state);
    fill($("scaling-controls"),
      metricSelect({ key: "scale-y", title: "Vertical", run, value: state.scaleY, choose: (scaleY) => store.set({ scaleY }) }),
      oneOf({ key: "scale-x", title: "Along", values: ways(run, state.setting), value: way, text: (name) => ALONG[name].title, choose: (scaleX) => store.set({ scaleX }) }));
    drawSeries(run, store, chosen);
    fill(frame, scalingChart(run, { ...state, way, chosen, width: frame.clientWidth }));
  };
  store.follow(["setting", "scaleX", "scaleY", "series", "x", "y"], draw);
  onWidth(frame, () => draw(store.state));
}

/** Which modules are drawn, as chips that remove them, and a field that adds one. */
function drawSeries(run, store, chosen) {
  const titles = [...new Set(run.rows.map((row) => row.title))];
  const input = h("input", {
    type: "search", list: "titles", placeholder: "add a module", "aria-label": "Add a module to the curves", "data-key": "series-add",
    onchange: () => {
      const title = titles.find((each) => each.toLowerCase() === input.value.trim().toLowerCase());
      if (title && !chosen.includes(title)) store.set({ series: [...chosen, title].slice(-MOST_SERIES) });
      input.value = "";
    },
  });
  fill($("series"),
    chosen.map((title, n) => h("button", { type: "button", class: `chip series-${n}`, "data-key": `series-${title}`, "aria-label": `Remove ${title}`, onclick: () => store.set({ series: chosen.filter((each) => each !== title) }) },
      s("svg", { class: "dash", viewBox: "0 0 16 4", width: 16, height: 4, "aria-hidden": "true" }, s("line", { x1: 0, x2: 16, y1: 2, y2: 2 })), title, h("span", { class: "quiet", "aria-hidden": "true" }, "×"))),
    input, h("datalist", { id: "titles" }, titles.filter((title) => !chosen.includes(title)).map((title) => h("option", { value: title }))),
    h("button", { type: "button", class: "button small", "data-key": "series-front", onclick: () => store.set({ series: null }) }, "Pareto-optimal"));
}

/** The curves of `chosen` along `way` as one chart. With `compact` it has no names at its ends. */
function scalingChart(run, { setting, scaleY, way, chosen, width, compact = false }) {
  const metric = run.metrics[scaleY];
  const along = ALONG[way];
  const narrow = width < 560;
  const height = compact ? 220 : narrow ? 340 : 420;
  const at = run.rows.find((row) => stands(row, setting));
  const rows = followed(run, setting, way, at);
  const curves = chosen.map((title, n) => {
    const measured = rows.filter((row) => row.title === title && valueOf(row, scaleY) !== null).sort((a, b) => (way === "point" ? 0 : a[way] - b[way]));
    const slope = way === "point" ? null : exponent(measured.map((row) => [row[way], valueOf(row, scaleY)]));
    return { title, n, measured, slope, growth: growth(along.symbol, slope) };
  });
  const label = (curve) => (narrow || !curve.growth ? curve.title : `${curve.title} ${curve.growth.base}${curve.growth.power}`);
  const widest = Math.max(40, ...curves.map((curve) => textWidth(label(curve), 12, 600)));
  const box = { left: 68, right: width - (compact ? 14 : Math.min(widest + 22, width / 2.4)), top: 28, bottom: height - 48 };
  const places = [...new Set(rows.map((row) => row[way]))];
  const x = way === "point" ? stepAxis(places, box.left, box.right) : placedAxis(places.sort((a, b) => a - b), box.left, box.right);
  const values = curves.flatMap(({ measured }) => measured.flatMap((row) => Object.values(span(row, metric))));
  const y = makeAxis({ metric, values: values.length ? values : [1], log: true, from: box.bottom, to: box.top });
  const ends = [];
  const lines = curves.map(({ n, measured, ...curve }) => {
    if (!measured.length) return null;
    const points = measured.map((row) => ({ px: x.place(row[way]), py: y.place(valueOf(row, scaleY)), ...span(row, metric) }));
    ends.push({ y: points.at(-1).py, x: points.at(-1).px, curve, n });
    return s("g", { class: `series series-${n}` },
      s("path", { d: `M${points.map(({ px, py }) => `${px.toFixed(1)},${py.toFixed(1)}`).join("L")}` }),
      points.map(({ px, low, high }) => s("line", { class: "whisker", x1: px, x2: px, y1: y.place(low), y2: y.place(high) })),
      points.map(({ px, py }) => s("circle", { cx: px, cy: py, r: 3.5 })));
  });
  const summary = curves.map((curve) => `${curve.title}${curve.slope === null ? "" : `, exponent ${fixed(curve.slope, 2)}`}`).join("; ");
  return s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `${metricTitle(metric)} along ${along.title}: ${summary}` },
    drawAxes({ x, y, box, xTitle: along.title, yTitle: metricTitle(metric) }), lines,
    compact ? null : spread(ends, box).map((end) => [
      Math.abs(end.at - end.y) > 6 || end.x < box.right - 30 ? s("path", { class: "leader-line", d: `M${end.x + 5},${end.y}L${box.right + 8},${end.at}` }) : null,
      s("text", { class: `end series-${end.n}`, x: box.right + 12, y: end.at, dy: "0.34em" }, end.curve.title, narrow || !end.curve.growth ? null : [
        s("tspan", { class: "law" }, ` ${end.curve.growth.base}`), s("tspan", { class: "law power", dy: -5 }, end.curve.growth.power)])]));
}

/** A log axis with its ticks at the measured places. */
function placedAxis(places, from, to) {
  const [low, high] = [Math.log(places[0]), Math.log(places.at(-1))];
  const inset = 14;
  const place = (value) => from + inset + ((Math.log(value) - low) / (high - low || 1)) * (to - from - 2 * inset);
  return { place, ticks: places.map((value) => ({ value, at: place(value), text: showCount(value) })), zeroEnd: null, from, to };
}

/** Labels pushed apart so that each has a line of its own. */
function spread(ends, box, line = 16) {
  const ordered = [...ends].sort((a, b) => a.y - b.y);
  let least = box.top - line / 2;
  for (const end of ordered) least = end.at = Math.max(end.y, least + line);
  let most = box.bottom + line;
  for (const end of [...ordered].reverse()) most = end.at = Math.min(end.at, most - line);
  return ordered;
}
