// Ranks across runtimes: a line for each module from runtime to runtime, those that move most in colour.

const MOST_NAMED = 40; // lines that all have a name; of more, those in colour
const NAME_LINE = 16;
const NAME_GAP = 14; // between the last rank and a name

function drawRanks(run, store) {
  if (!run.ranks.length) return;
  $("runtimes").hidden = false;
  document.querySelector('nav a[href="#runtimes"]').hidden = false;
  const frame = $("ranks");
  const tip = $("ranks-tip");
  let chart = null;

  const draw = (state) => {
    if (!frame.clientWidth) return;
    const block = run.ranks.find(({ modules }) => stands(run.rows[modules[0].rows[0]], state.setting, ["execution"]));
    chart = block ? rankChart(run, state, block, frame.clientWidth) : null;
    fill(frame, chart ? chart.svg : h("p", { class: "empty" }, "No module has a latency in several runtimes here."));
    $("ranks-words").textContent = block ? rankWords(block) : "";
    $("ranks-absent").textContent = block?.absent.length ? `Not in every runtime, so not ranked: ${block.absent.join(", ")}.` : "";
    if (chart) listen();
    hover(store.state);
  };

  const listen = () => {
    chart.svg.addEventListener("pointermove", (event) => store.set({ hover: nearest(event) }));
    chart.svg.addEventListener("pointerleave", () => store.set({ hover: null }));
    chart.svg.addEventListener("blur", () => store.set({ hover: null }));
    chart.svg.addEventListener("click", (event) => open(nearest(event)));
    chart.svg.addEventListener("keydown", walk);
  };
  const rowOf = (line) => line.module.rows[chart.column];
  const nearest = (event) => {
    const edge = chart.svg.getBoundingClientRect();
    const [x, y] = [event.clientX - edge.left, event.clientY - edge.top];
    const reach = (line) => Math.abs(heightAt(line.path, x) - y);
    const closest = chart.lines.filter(({ matching }) => matching).sort((a, b) => reach(a) - reach(b))[0];
    return closest && reach(closest) < 14 ? rowOf(closest) : null;
  };
  const open = (index) => index !== null && openModule(run.rows[index].module);
  const walk = (event) => {
    const inOrder = chart.lines.filter(({ matching }) => matching).sort((a, b) => a.module.ranks[chart.column] - b.module.ranks[chart.column]);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step && inOrder.length) {
      event.preventDefault();
      const here = inOrder.findIndex((line) => rowOf(line) === store.state.hover);
      const next = here < 0 ? (step > 0 ? 0 : inOrder.length - 1) : (here + step + inOrder.length) % inOrder.length;
      store.set({ hover: rowOf(inOrder[next]) });
    } else if (event.key === "Enter") open(store.state.hover);
    else if (event.key === "Escape") store.set({ hover: null });
  };

  /** The line under the pointer, or the one that the keys or another chart have come to. */
  const hover = (state) => {
    const line = chart?.lines.find((each) => rowOf(each) === state.hover);
    for (const each of chart?.lines ?? []) each.element.classList.toggle("lit", each === line);
    frame.classList.toggle("pointing", Boolean(line));
    tip.hidden = !line || !frame.matches(":hover, :focus-within");
    if (tip.hidden) return;
    const { block, column } = chart;
    const row = run.rows[rowOf(line)];
    fill(tip, h("b", {}, mark(row.group), row.title), h("dl", {}, block.runtimes.map((runtime, n) =>
      [h("dt", {}, runtime), h("dd", {}, `${rankText(block, line.module, n)} of ${block.modules.length} `, h("span", { class: "quiet" }, latencyText(run, run.rows[line.module.rows[n]])))])));
    const x = chart.places[column] - frame.scrollLeft;
    const right = x > frame.clientWidth / 2;
    tip.style.left = right ? "" : `${x + 16}px`;
    tip.style.right = right ? `${frame.clientWidth - x + 16}px` : "";
    const [y, room] = [line.heights[column], frame.clientHeight - tip.offsetHeight];
    tip.style.top = `${y + 12 < room ? y + 12 : Math.max(4, y - tip.offsetHeight - 12)}px`; // below the line, else above it
  };

  store.follow(["setting", "families", "query"], draw);
  store.follow(["hover"], hover);
  onWidth(frame, () => draw(store.state));
}

/** What the lines and figures mean. */
function rankWords(block) {
  const colour = { 0: "No rank changes.", 1: "In colour: the module that moves most." }[block.coloured] ?? `In colour: the ${block.coloured} modules that move most.`;
  const names = block.modules.length > MOST_NAMED ? " Point at a line for its name." : "";
  const correlation = block.correlations.slice(1).some((value) => value !== null) ? ` ρ: rank correlation with ${block.runtimes[0]}.` : "";
  return colour + names + correlation;
}

/** A rank as tables have it: '3', or '3=' where another module has the same. */
const rankText = (block, module, n) => `${module.ranks[n]}${block.modules.filter(({ ranks }) => ranks[n] === module.ranks[n]).length > 1 ? "=" : ""}`;

const latencyText = (run, row) => show(run.metrics.latency_s, row.latency_s);

/** The height of the line through the points `path` at `x`; beyond its ends that of the end. */
function heightAt(path, x) {
  const after = path.findIndex((point) => point.x > x);
  if (after <= 0) return path.at(after).y; // before the first, behind the last
  const [from, to] = [path[after - 1], path[after]];
  return from.y + ((x - from.x) / (to.x - from.x)) * (to.y - from.y);
}

/** The ranks of `block` as a chart `width` wide, or as wide as the names of the runtimes need. */
function rankChart(run, state, block, width) {
  const { runtimes, modules, coloured } = block;
  const [narrow, many] = [width < 560, modules.length > MOST_NAMED];
  const column = Math.max(0, runtimes.indexOf(state.setting.execution));
  const lines = modules.map((module, n) => {
    const row = run.rows[module.rows[0]];
    return { module, title: row.title, matching: matches(run, state, row), series: n < coloured ? `series-${n}` : "" };
  });
  const matching = lines.filter((line) => line.matching);
  const named = matching.filter((line) => line.series || matching.length <= MOST_NAMED);

  const widest = Math.max(0, ...named.map((line) => textWidth(`${line.title} 100=`, 12, 600))) + NAME_GAP;
  const left = narrow ? 34 : widest + (many ? 34 : 8);
  const apart = (width - left - widest) / (runtimes.length - 1);
  const halves = runtimes.map((name) => textWidth(name, 12, 600) / 2);
  const step = Math.max(apart, ...halves.slice(1).map((half, n) => halves[n] + half + 12));
  const places = runtimes.map((_, n) => left + n * step);
  const top = 58;
  const pitch = many ? Math.max(5, 720 / modules.length) : 20;
  const bottom = top + pitch * (modules.length - 1);
  const rankHeight = (rank) => top + (rank - 1) * pitch;
  for (const line of lines) {
    line.heights = line.module.ranks.map(rankHeight);
    line.path = places.map((x, n) => ({ x, y: line.heights[n] }));
    line.element = rankLine(line, many);
  }
  const box = { top: top - NAME_LINE / 2, bottom: bottom + NAME_LINE / 2 };
  const ends = (n) => spread(named.map((line) => ({ line, y: line.heights[n] })), box, NAME_LINE);
  const last = runtimes.length - 1;
  const names = [
    narrow ? [] : ends(0).map((end) => rankName(end, { x: places[0], side: -1, text: `${end.line.title} ${rankText(block, end.line.module, 0)}` })),
    ends(last).map((end) => rankName(end, { x: places[last], side: 1, text: `${rankText(block, end.line.module, last)} ${end.line.title}` })),
  ];
  const order = (line) => Number(line.matching) + Number(Boolean(line.series));
  const [whole, height] = [places[last] + widest, bottom + 20];
  const moves = lines.slice(0, coloured).map(({ title, module }) => `${title} ${module.ranks.join(", ")}`).join("; ");
  const svg = s("svg", { width: whole, height, viewBox: `0 0 ${whole} ${height}`, class: "chart", tabindex: 0, role: "group", "aria-roledescription": "rank chart", "aria-label": `Ranks of ${plural(modules.length, "module")} in ${runtimes.join(", ")}. ${moves ? `Those that move most: ${moves}. ` : ""}Arrow keys go from module to module, Enter opens one.` },
    s("g", { "aria-hidden": "true" },
      narrow || many ? rankTicks(modules.length).map((rank) => rankGrid(rank, rankHeight(rank), places)) : null,
      runtimes.map((name, n) => rankHeading(block, n, { x: places[n], top, bottom, present: name === state.setting.execution })),
      [...lines].sort((a, b) => order(a) - order(b)).map(({ element }) => element), names));
  return { svg, block, lines, places, column };
}

/** A module's line, with a dot at each rank. */
function rankLine({ path, matching, series }, many) {
  const radius = series ? 3.5 : many ? 1.8 : 3;
  return s("g", { class: `rank ${series}${many ? " thin" : ""}${matching ? "" : " out"}` },
    s("path", { d: `M${path.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}` }),
    path.map(({ x, y }) => s("circle", { cx: x, cy: y, r: radius })));
}

/** A name beside an end of its line, tied to it; the way to it is part of the line for the pointer. */
function rankName({ line, y, at }, { x, side, text }) {
  const start = x + side * NAME_GAP;
  line.path[side < 0 ? "unshift" : "push"]({ x: start, y: at });
  return [
    Math.abs(at - y) > 2 ? s("path", { class: "leader-line", d: `M${x + side * 6},${y}L${start - side * 2},${at}` }) : null,
    s("text", { class: line.series ? `end ${line.series}` : "name other", x: start, y: at, dy: "0.34em", "text-anchor": side < 0 ? "end" : "start" }, text),
  ];
}

/** The first rank, and every fifth, tenth or twentieth. */
function rankTicks(most) {
  const step = [1, 5, 10, 20, 50].find((each) => most / each <= 7) ?? 100;
  return Array.from({ length: most }, (_, n) => n + 1).filter((rank) => rank === 1 || rank % step === 0);
}

const rankGrid = (rank, y, places) => [
  s("line", { class: "grid", x1: 26, x2: places.at(-1), y1: y, y2: y }),
  s("text", { class: "tick", x: 22, y, dy: "0.32em", "text-anchor": "end" }, rank),
];

/** The name of a runtime above its ranks, with its correlation; the present one stands out. */
function rankHeading(block, n, { x, top, bottom, present: chosen }) {
  const correlation = n ? block.correlations[n] : null;
  return [
    s("line", { class: chosen ? "lane" : "grid", x1: x, x2: x, y1: top - 10, y2: bottom + 10 }),
    s("text", { class: chosen ? "axis-title" : "runtime", x, y: 16, "text-anchor": "middle" }, block.runtimes[n]),
    correlation === null ? null : s("text", { class: "tick", x, y: 33, "text-anchor": "middle" }, `ρ ${fixed(correlation, 2)}`),
  ];
}
