// Quantities as people read them: the same texts as the command line prints.

const THIN = "\u202f";
const NONE = "\u2013";
const UNITS = {}; // of a kind: [symbol, size in base units], the largest first; the page's data has them

/** `value` with so many places, ties to even, as Python rounds. */
function fixed(value, places) {
  const scaled = value * 10 ** places;
  const tie = Math.abs(scaled % 1) === 0.5 && Number.isInteger(value * 2 ** 30);
  return (tie && Math.floor(scaled) % 2 === 0 ? Math.floor(scaled) / 10 ** places : value).toFixed(places);
}

/** `value` to so many significant digits, without an exponent. */
function significant(value, digits = 3) {
  if (value === 0) return "0";
  const exponent = Number(Math.abs(value).toExponential(digits - 1).split("e")[1]);
  return fixed(value, Math.max(0, digits - 1 - exponent));
}

const showCount = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);

const scaled = (value, units) => {
  const [unit, scale] = units.find(([, each]) => value >= each) ?? units.at(-1);
  return `${significant(value / scale)} ${unit}`;
};

const showSeconds = (value) => scaled(value, UNITS.s);
const showBytes = (value) => (value >= 1024 ? scaled(value, UNITS.bytes) : `${value} B`);
const showShare = (value) => `${100 * value < 9.95 ? fixed(100 * value, 1) : fixed(100 * value, 0)} %`;
const showRate = (value) => `${significant(value)} /s`;

/** A round figure on an axis: 10 ms where the table has 10.0 ms. */
const tickText = (metric, value) => brief(metric, value).replace(/(\.\d*?)0+(?=\s|$)/, "$1").replace(/\.(?=\s|$)/, "");

/** A count in little room: 14.5 M. */
const short = (value) => (value >= 1000 ? scaled(value, UNITS.count) : Number.isInteger(value) ? String(value) : significant(value));

const EXACT = {
  count: (value) => (Number.isInteger(Number(value)) ? showCount(value) : significant(value)),
  s: showSeconds,
  bytes: showBytes,
  "1/s": significant,
  "FLOP/byte": (value) => significant(value),
  share: showShare,
  "": (value) => significant(value),
};
const SHORT = { ...EXACT, count: short, "1/s": (value) => short(value) };

/** `value` of `metric` with its unit; counts with every digit. */
const show = (metric, value) => (value === null ? NONE : (EXACT[metric.kind] ?? String)(value));
/** The same where there is little room. */
const brief = (metric, value) => (value === null ? NONE : (SHORT[metric.kind] ?? String)(Number(value)));

/** `theirs` over `ours` as the table writes it: =, 1.02x, +64 where ours is 0. */
function showRatio(theirs, ours) {
  if (theirs === null || ours === null) return NONE;
  if (theirs === ours) return "=";
  return Number(ours) ? `${significant(Number(theirs) / Number(ours))}×` : `+${showCount(theirs)}`;
}

/** `value` as an option of the command line takes it: 0.5ms, 12M, 8MiB. */
function asOption(metric, value) {
  const plain = (number) => String(Number(number.toPrecision(6)));
  const units = UNITS[metric.kind];
  const [unit, scale] = units.find(([, each]) => value >= each) ?? units.at(-1);
  return plain(value / scale) + unit.replace("µ", "u");
}
