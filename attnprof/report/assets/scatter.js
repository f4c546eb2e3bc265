// Cost against cost: every row under the present conditions, the Pareto front, the limits of the budget.

function drawScatter(run, store) {
  const frame = $("scatter");
  const tip = $("scatter-tip");
  const axesKeys = ["x", "y", "xLog", "yLog"];
  let points = [];

  store.follow(axesKeys, (state) => {
    fill($("axes-controls"),
      metricSelect({ key: "y", title: "Vertical", run, value: state.y, choose: (y) => store.set({ y }) }),
      metricSelect({ key: "x", title: "Horizontal", run, value: state.x, choose: (x) => store.set({ x }) }),
      h("button", { type: "button", class: "button small", "data-key": "swap", onclick: () => store.set({ x: state.y, y: state.x, xLog: state.yLog, yLog: state.xLog }) }, "Swap"),
      toggle({ key: "yLog", title: "log ↑", value: state.yLog, choose: (yLog) => store.set({ yLog }) }),
      toggle({ key: "xLog", title: "log →", value: state.xLog, choose: (xLog) => store.set({ xLog }) }));
  });

  const draw = (state) => {
    const [width, narrow] = [frame.clientWidth, frame.clientWidth < 560];
    if (!width) return;
    const height = narrow ? 380 : 600;
    const [mx, my] = [run.metrics[state.x], run.metrics[state.y]];
    const box = { left: narrow ? 58 : 68, right: width - 14, top: 28, bottom: height - 48 };
    const drawn = present(run, state).filter((row) => valueOf(row, state.x) !== null && valueOf(row, state.y) !== null);
    const ends = (metric) => drawn.flatMap((row) => Object.values(span(row, metric)));
    const x = makeAxis({ metric: mx, values: ends(mx), log: state.xLog, from: box.left, to: box.right, count: narrow ? 5 : 8 });
    const y = makeAxis({ metric: my, values: ends(my), log: state.yLog, from: box.bottom, to: box.top });
    const { matching, within, front: best } = choice(run, state);
    points = drawn
      .filter((row) => matching.includes(row))
      .map((row) => ({ row, x: x.place(valueOf(row, state.x)), y: y.place(valueOf(row, state.y)), fits: within.includes(row), best: best.includes(row) }))
      .sort((a, b) => a.x - b.x || a.y - b.y);
    const names = placeNames(
      points.filter((point) => point.best || (points.length <= 24 && point.fits)).map(({ row, x: px, y: py, best: first }) => ({ text: row.title, x: px, y: py, first })).sort((a, b) => b.first - a.first),
      points.filter((point) => point.fits), { ...box, right: box.right + 10 });
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "chart", tabindex: 0, role: "group", "aria-roledescription": "scatter plot", "aria-label": `${metricTitle(my)} against ${metricTitle(mx)}, ${points.length} modules, ${best.length} Pareto-optimal. Arrow keys go from point to point, Enter opens one.` },
      drawAxes({ x, y, box, xTitle: metricTitle(mx), yTitle: metricTitle(my) }),
      bounds(state, { x, y, mx, my, box }),
      staircase(points.filter((point) => point.best), mx, my, box),
      s("g", { "aria-hidden": "true" }, points.map((point) => errorBars(point.row, { x, y, mx, my, fits: point.fits }))),
      s("g", { "aria-hidden": "true" }, [...points].sort((a, b) => a.fits - b.fits || a.best - b.best).map(({ row, x: px, y: py, fits, best: first }) =>
        s("path", { class: `point ${familyClass(row.group)}${fits ? "" : " out"}${first ? " best" : ""}`, "data-row": row.index, transform: `translate(${px.toFixed(1)},${py.toFixed(1)})`, d: outline(row.group, first ? 5.5 : 4.5) }))),
      s("g", { "aria-hidden": "true" }, names.map((name) => s("text", { class: name.first ? "name" : "name other", x: name.x.toFixed(1), y: name.y.toFixed(1) }, name.text))),
      s("path", { class: "halo", d: "" }));
    svg.addEventListener("pointermove", (event) => store.set({ hover: nearest(event) }));
    svg.addEventListener("pointerleave", () => store.set({ hover: null }));
    svg.addEventListener("blur", () => store.set({ hover: null }));
    svg.addEventListener("click", (event) => open(nearest(event)));
    svg.addEventListener("keydown", (event) => walk(event));
    fill(frame, svg);
    const missing = present(run, state).filter((row) => matches(run, state, row)).length - points.length;
    $("scatter-note").textContent = missing > 0 ? `${plural(missing, "row")} without ${metricTitle(mx)} or ${metricTitle(my)} not drawn.` : "";
    hover(store.state);
  };

  const nearest = (event) => {
    const edge = frame.getBoundingClientRect();
    const [px, py] = [event.clientX - edge.left, event.clientY - edge.top];
    const reach = (point) => Math.hypot(point.x - px, point.y - py) + (point.fits ? 0 : 6);
    const closest = points.reduce((best, point) => (best === null || reach(point) < reach(best) ? point : best), null);
    return closest && reach(closest) < 28 ? closest.row.index : null;
  };
  const open = (index) => index !== null && openModule(run.rows[index].module);
  const walk = (event) => {
    const here = points.findIndex((point) => point.row.index === store.state.hover);
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step && points.length) {
      event.preventDefault();
      const next = points[here < 0 ? (step > 0 ? 0 : points.length - 1) : (here + step + points.length) % points.length];
      store.set({ hover: next.row.index });
    } else if (event.key === "Enter") open(store.state.hover);
    else if (event.key === "Escape") store.set({ hover: null });
  };

  /** The point under the pointer, or the one that the keys have come to. */
  const hover = (state) => {
    const point = points.find((each) => each.row.index === state.hover);
    frame.querySelector(".halo")?.setAttribute("d", point ? `M${point.x + 10},${point.y}A10,10 0 1 1 ${point.x - 10},${point.y}A10,10 0 1 1 ${point.x + 10},${point.y}Z` : "");
    frame.classList.toggle("pointing", Boolean(point));
    tip.hidden = !point;
    if (!point) return;
    const { row } = point;
    fill(tip, h("b", {}, mark(row.group), row.title), h("dl", {},
      [...new Set([state.y, state.x, ...run.main])].filter((column) => run.metrics[column]).map((column) => {
        const metric = run.metrics[column];
        return [h("dt", {}, metricTitle(metric)), h("dd", {}, show(metric, row[column]), " ", h("span", { class: "quiet" }, uncertainty(row, metric)))];
      })), point.fits ? null : h("p", { class: "over" }, "over the budget"));
    const right = point.x > frame.clientWidth / 2;
    tip.style.left = right ? "" : `${point.x + 16}px`;
    tip.style.right = right ? `${frame.clientWidth - point.x + 16}px` : "";
    tip.style.top = `${Math.max(4, Math.min(point.y - 20, frame.clientHeight - tip.offsetHeight - 8))}px`;
  };

  store.follow([...axesKeys, "setting", "families", "query", "budget"], draw);
  store.follow(["hover"], hover);
  onWidth(frame, () => draw(store.state));
}

/** What the budget leaves out of the plot. */
function bounds(state, { x, y, mx, my, box }) {
  const parts = [];
  for (const [metric, axis, flat] of [[mx, x, true], [my, y, false]]) {
    const bound = state.budget[metric.column];
    if (bound === undefined) continue;
    const [least, most] = flat ? [box.left, box.right] : [box.top, box.bottom];
    const at = Math.min(most, Math.max(least, axis.place(bound)));
    const beyond = (metric.better === "more") !== flat;
    const [from, to] = beyond ? [at, most] : [least, at];
    parts.push(s("rect", flat ? { class: "beyond", x: from, width: to - from, y: box.top, height: box.bottom - box.top } : { class: "beyond", y: from, height: to - from, x: box.left, width: box.right - box.left }));
    parts.push(s("line", flat ? { class: "bound", x1: at, x2: at, y1: box.top, y2: box.bottom } : { class: "bound", x1: box.left, x2: box.right, y1: at, y2: at }));
  }
  return s("g", { "aria-hidden": "true" }, parts);
}

/** The front as a staircase: what lies beyond it is beaten by a corner of it. */
function staircase(best, mx, my) {
  if (best.length < 2) return null;
  // Points that only the noise keeps on the front would fold the line: it follows the estimates.
  const line = [];
  const better = my.better === "more" ? (a, b) => a.y < b.y : (a, b) => a.y > b.y;
  const ordered = mx.better === "more" ? [...best].reverse() : best;
  for (const point of ordered) if (!line.length || better(point, line.at(-1))) line.push(point);
  const steps = line.slice(1).map((point) => `H${point.x.toFixed(1)}V${point.y.toFixed(1)}`);
  return line.length ? s("path", { class: "front", "aria-hidden": "true", d: `M${line[0].x.toFixed(1)},${line[0].y.toFixed(1)}${steps.join("")}` }) : null;
}

function errorBars(row, { x, y, mx, my, fits }) {
  const [a, b] = [span(row, mx), span(row, my)];
  const [px, py] = [x.place(a.value), y.place(b.value)];
  const line = (x1, x2, y1, y2) => (Math.hypot(x1 - x2, y1 - y2) > 2 ? s("line", { class: `error ${familyClass(row.group)}${fits ? "" : " out"}`, x1, x2, y1, y2 }) : null);
  return [line(x.place(a.low), x.place(a.high), py, py), line(px, px, y.place(b.low), y.place(b.high))];
}

/** Call `draw` when the width of `element` changes. */
function onWidth(element, draw) {
  let width = element.clientWidth;
  new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    draw();
  }).observe(element);
}
