// What is chosen on the page, in one place; the views that follow from it; and its copy in the address.

/** A store: `set(changes)` draws anew those views of which a watched key changed. */
function makeStore(initial) {
  let state = initial;
  const views = [];
  return {
    get state() {
      return state;
    },
    set(changes) {
      const changed = Object.keys(changes).filter((key) => changes[key] !== state[key]);
      if (!changed.length) return;
      state = { ...state, ...changes };
      for (const { keys, draw } of views) if (keys.some((key) => changed.includes(key))) draw(state);
    },
    follow(keys, draw) {
      views.push({ keys, draw });
      draw(state);
    },
  };
}

function firstState(run) {
  const some = Object.keys(run.metrics);
  const isCount = (column) => run.metrics[column].kind === "count";
  const x = run.main.find(isCount) ?? some[0];
  const y = run.main.find((column) => !isCount(column)) ?? run.main.find((column) => column !== x) ?? some[1] ?? some[0];
  const first = run.rows[0];
  return {
    setting: Object.fromEntries(run.dimensions.map(({ name }) => [name, first?.[name]])),
    query: "",
    families: new Set(),
    x,
    y,
    xLog: true,
    yLog: true,
    budget: {},
    sort: { column: y, descending: false },
    columns: new Set(some.filter((column) => run.metrics[column].shown)),
    everywhere: false,
    scaleX: null,
    scaleY: y,
    series: null,
    module: null,
    hover: null,
  };
}

/** The setting nearest to the present one in which `name` is `value` and some row stands. */
function moved(run, setting, name, value) {
  let best = setting;
  let most = -1;
  for (const row of run.rows) {
    if (row[name] !== value) continue;
    const same = Object.keys(setting).filter((key) => row[key] === setting[key]).length;
    if (same > most) {
      most = same;
      best = Object.fromEntries(Object.keys(setting).map((key) => [key, row[key]]));
    }
  }
  return best;
}

/** The address after '#': what differs from the first state. */
function toHash(run, state, first) {
  const words = new URLSearchParams();
  for (const { name } of run.dimensions) {
    if (state.setting[name] !== first.setting[name]) words.set(name === "point" ? "at" : name, state.setting[name]);
  }
  for (const key of ["x", "y", "scaleX", "scaleY", "query"]) if (state[key] !== first[key] && state[key]) words.set(key, state[key]);
  for (const [column, bound] of Object.entries(state.budget)) words.set(`within.${column}`, bound);
  if (state.families.size) words.set("families", [...state.families].join(","));
  if (state.module) words.set("module", state.module);
  return words.toString();
}

/** The state of an address; names that this run does not have are ignored. */
function fromHash(run, hash, first) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { ...first, budget: {}, families: new Set((words.get("families") ?? "").split(",").filter(Boolean)) };
  for (const { name, values } of run.dimensions) {
    const chosen = values.find((value) => String(value) === words.get(name === "point" ? "at" : name));
    if (chosen !== undefined) state.setting = moved(run, state.setting, name, chosen);
  }
  for (const key of ["x", "y", "scaleY"]) if (words.get(key) in run.metrics) state[key] = words.get(key);
  if (["channels", "pixels", "batch", "point"].includes(words.get("scaleX"))) state.scaleX = words.get("scaleX");
  for (const [word, bound] of words) {
    const column = word.replace(/^within\./, "");
    if (word !== column && column in run.metrics && bound !== "" && Number.isFinite(Number(bound))) state.budget[column] = Number(bound);
  }
  state.query = words.get("query") ?? "";
  const module = words.get("module");
  state.module = run.rows.some((row) => row.module === module) ? module : null;
  return state;
}
