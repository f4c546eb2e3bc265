// The run, unpacked: rows as objects, metrics, and the conditions that vary between rows.

/** Everything the page holds, decompressed. */
async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

function decode(table) {
  const rows = Array.from({ length: table.rows }, (_, index) => ({ index }));
  const column = (name) => {
    if (name in table.constant) return rows.map(() => table.constant[name]);
    if (name in table.same) return column(table.same[name]);
    if (name in table.coded) return table.coded[name].of.map((n) => table.coded[name].values[n]);
    return table.plain[name];
  };
  const exact = (name, value) => (typeof value === "string" && table.big.includes(name) ? BigInt(value) : value);
  const names = ["constant", "same", "coded", "plain"].flatMap((kind) => Object.keys(table[kind]));
  for (const name of names) column(name).forEach((value, n) => (rows[n][name] = exact(name, value)));
  return rows;
}

function openRun(contents) {
  Object.assign(UNITS, contents.units);
  const rows = decode(contents.table);
  for (const row of rows) {
    row.side = row.height === row.width ? String(row.height) : `${row.height}x${row.width}`;
    row.point = `${row.host || row.channels}@${row.side}`;
    row.pixels = row.height * row.width;
    row.group = contents.modules[row.module]?.family ?? row.family ?? "";
  }
  const metrics = Object.fromEntries(contents.metrics.map((metric) => [metric.column, metric]));
  const titles = { point: rows.some((row) => row.host) ? "network @ H×W" : "C @ H×W", device_name: "machine", execution: "runtime" };
  const dimensions = ["point", ...contents.conditions]
    .map((name) => ({ name, title: titles[name] ?? name.replace("_", " "), values: [...new Set(rows.map((row) => row[name]))] }))
    .filter((dimension) => dimension.name === "point" || dimension.values.length > 1);
  const notes = rows.map(() => ({}));
  for (const [column, texts] of Object.entries(contents.notes)) {
    for (const [text, where] of Object.entries(texts)) for (const n of where) notes[n][column] = text;
  }
  return { ...contents, rows, metrics, dimensions, notes };
}

/** The value of a metric in a row as a number for drawing and comparing, or null. */
const valueOf = (row, column) => (typeof row[column] === "number" || typeof row[column] === "bigint" ? Number(row[column]) : null);

/** A value with the two ends of its interval; all three are one where there is none. */
function span(row, metric) {
  const value = valueOf(row, metric.column);
  return { value, low: valueOf(row, metric.low) ?? value, high: valueOf(row, metric.high) ?? value };
}

/** A row's value of a metric with its unit; a count that leaves something out is a lower bound. */
const shown = (row, metric) => {
  const least = row.flops_incomplete === "true" && ["flops", "macs"].includes(metric.column);
  return `${least ? "≥ " : ""}${show(metric, row[metric.column])}`;
};

/** Why a row has no value of a metric. */
const reason = (run, row, column) => run.notes[row.index][column] ?? (row.reason || "not in this run");

const isFloor = (row) => row.group === "floor";

/** Whether a row stands under the conditions `setting`, those in `except` aside. */
const stands = (row, setting, except = []) =>
  Object.entries(setting).every(([name, value]) => except.includes(name) || row[name] === value);

/** The half-width of a row's interval as a text, with the number of samples where there is no interval. */
function uncertainty(row, metric) {
  const { value, low, high } = span(row, metric);
  if (!metric.low || value === null) return "";
  if (valueOf(row, metric.low) === null) return row.latency_n ? `n=${row.latency_n}` : "";
  const half = Math.max(value - low, high - value);
  // A share's interval is in percentage points.
  return value ? `± ${showShare(metric.kind === "share" ? half : half / value)}` : "";
}
