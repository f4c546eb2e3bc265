// Axes: from values to places, logarithmic with a lane of its own for zero, or linear from zero.

const LANE = 30;

/** An axis over `values` from pixel `from` to pixel `to`: place(value), ticks, and where the lane of zeros ends. */
function makeAxis({ metric, values, log, from, to, count = 6 }) {
  const positive = values.filter((value) => value > 0);
  if (!log || !positive.length) return linearAxis({ metric, values, from, to, count });
  const zero = values.some((value) => value <= 0);
  const start = from + Math.sign(to - from) * (zero ? LANE : 0);
  let low = Math.log10(Math.min(...positive));
  let high = Math.log10(Math.max(...positive));
  const margin = Math.max(0.06 * (high - low), 0.08);
  [low, high] = [low - margin, high + margin];
  const place = (value) => (value <= 0 ? from + (start - from) / 2 : start + ((Math.log10(value) - low) / (high - low)) * (to - start));
  const powers = logTicks(metric, low, high, count);
  const ticks = (powers.length > 1 ? powers : evenTicks(10 ** low, 10 ** high, count)).map((value) => ({ value, at: place(value), text: tickText(metric, value) }));
  if (zero) ticks.unshift({ value: 0, at: place(0), text: "0" });
  const invert = (pixel) => 10 ** (low + ((pixel - start) / (to - start)) * (high - low));
  return { place, ticks, invert, zeroEnd: zero ? start : null, from, to };
}

function logTicks(metric, low, high, count) {
  const within = (values) => values.filter((value) => Math.log10(value) >= low && Math.log10(value) <= high);
  const powers = (base, step) => {
    const first = Math.ceil((low * Math.LN10) / Math.log(base) / step) * step;
    const values = [];
    for (let n = first; base ** n <= 10 ** high; n += step) values.push(base ** n);
    return values;
  };
  if (metric.kind === "bytes") {
    for (const step of [1, 2, 4, 5, 10]) if (powers(2, step).length <= count) return powers(2, step);
    return powers(2, 20);
  }
  for (const multiples of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3]]) {
    const candidates = within(powers(10, 1).concat(10 ** Math.floor(low)).flatMap((power) => multiples.map((n) => n * power)));
    const ticks = [...new Set(candidates.map((value) => Number(value.toPrecision(3))))].sort((a, b) => a - b);
    if (ticks.length <= count && ticks.length > 1) return ticks;
  }
  for (const step of [1, 2, 3, 4, 6]) if (powers(10, step).length <= count) return powers(10, step);
  return powers(10, 9);
}

/** Round values at even distances. */
function evenTicks(low, high, count) {
  const least = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((n) => n * power).find((each) => each >= least);
  const ticks = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) ticks.push(Number((n * step).toPrecision(12)));
  return ticks;
}

function linearAxis({ metric, values, from, to, count }) {
  const least = Math.min(0, ...values);
  const most = Math.max(...values, least + Number.MIN_VALUE);
  const high = least + (most - least) * 1.05 || 1;
  const place = (value) => from + ((value - least) / (high - least)) * (to - from);
  const ticks = evenTicks(least, high, count);
  const invert = (pixel) => least + ((pixel - from) / (to - from)) * (high - least);
  return { place, ticks: ticks.map((value) => ({ value, at: place(value), text: value ? tickText(metric, value) : "0" })), invert, zeroEnd: null, from, to };
}

/** An axis with one place for each of `values`, in their order. */
function stepAxis(values, from, to) {
  const room = (to - from) / values.length;
  const place = (value) => from + room * (values.indexOf(value) + 0.5);
  return { place, ticks: values.map((value) => ({ value, at: place(value), text: String(value) })), zeroEnd: null, from, to };
}

/** Gridlines and labels of two axes around the plot. */
function drawAxes({ x, y, box, xTitle, yTitle }) {
  const parts = [];
  for (const tick of y.ticks) {
    parts.push(s("line", { class: "grid", x1: box.left, x2: box.right, y1: tick.at, y2: tick.at }));
    parts.push(s("text", { class: "tick", x: box.left - 8, y: tick.at, dy: "0.32em", "text-anchor": "end" }, tick.text));
  }
  let last = -Infinity;
  for (const tick of x.ticks) {
    parts.push(s("line", { class: "grid", x1: tick.at, x2: tick.at, y1: box.top, y2: box.bottom }));
    const half = textWidth(tick.text, 11) / 2;
    if (tick.at - half < last + 6) continue;
    last = tick.at + half;
    parts.push(s("text", { class: "tick", x: tick.at, y: box.bottom + 18, "text-anchor": "middle" }, tick.text));
  }
  if (x.zeroEnd !== null) parts.push(s("line", { class: "lane", x1: x.zeroEnd, x2: x.zeroEnd, y1: box.top, y2: box.bottom }));
  if (y.zeroEnd !== null) parts.push(s("line", { class: "lane", x1: box.left, x2: box.right, y1: y.zeroEnd, y2: y.zeroEnd }));
  parts.push(s("text", { class: "axis-title", x: box.right, y: box.bottom + 38, "text-anchor": "end" }, `${xTitle} →`));
  parts.push(s("text", { class: "axis-title", x: 2, y: 13 }, `↑ ${yTitle}`));
  return s("g", { class: "axes", "aria-hidden": "true" }, parts);
}
