// Controls: conditions, families and names, shared by every view; and the theme.

/** One choice among few as buttons, among many as a list. */
function oneOf({ key, title, values, value, text = String, choose }) {
  if (values.length > 6) {
    const select = h("select", { "data-key": key, "aria-label": title, onchange: () => choose(values[select.selectedIndex]) },
      values.map((each) => h("option", { selected: each === value }, text(each))));
    return h("label", { class: "field" }, h("span", {}, title), select);
  }
  return h("div", { class: "field", role: "radiogroup", "aria-label": title },
    h("span", {}, title),
    h("div", { class: "segments" }, values.map((each, n) =>
      h("button", {
        type: "button", role: "radio", "aria-checked": String(each === value), "data-key": `${key}-${n}`,
        tabindex: each === value ? 0 : -1,
        onclick: () => choose(each),
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          const next = (n + step + values.length) % values.length;
          const group = event.currentTarget.closest(".field").parentElement;
          choose(values[next]);
          group.querySelector(`[data-key="${CSS.escape(`${key}-${next}`)}"]`)?.focus();
        },
      }, text(each)))));
}

/** A labelled list of the run's metrics. */
function metricSelect({ key, title, run, value, choose, among = Object.values(run.metrics) }) {
  const select = h("select", { "data-key": key, onchange: () => choose(select.value) },
    among.map((metric) => h("option", { value: metric.column, selected: metric.column === value }, metricTitle(metric))));
  return h("label", { class: "field" }, h("span", {}, title), select);
}

const metricTitle = (metric) => (metric.counter ? `MACs by ${metric.title}` : metric.title);

function toggle({ key, title, value, choose }) {
  const box = h("input", { type: "checkbox", "data-key": key, checked: value, onchange: () => choose(box.checked) });
  return h("label", { class: "toggle" }, box, h("span", {}, title));
}

function drawControls(run, store) {
  store.follow(["setting"], (state) => {
    const shown = run.dimensions.filter((dimension) => dimension.values.length > 1);
    fill($("conditions-controls"), shown.map(({ name, title, values }) =>
      oneOf({
        key: `dimension-${name}`, title, values, value: state.setting[name],
        text: (value) => (name === "point" ? value.replace("@", " @ ") : value === "" ? "none" : String(value)),
        choose: (value) => store.set({ setting: moved(run, state.setting, name, value) }),
      })));
  });
  const search = $("search");
  search.addEventListener("input", () => store.set({ query: search.value }));
  store.follow(["query"], (state) => {
    if (search.value !== state.query) search.value = state.query;
  });
  const families = FAMILIES.filter((family) => run.rows.some((row) => row.group === family));
  store.follow(["families", "setting"], (state) => {
    const rows = present(run, state);
    fill($("families"), families.map((family) => {
      const on = state.families.has(family);
      return h("button", {
        type: "button", class: `chip ${familyClass(family)}`, "aria-pressed": String(on), "data-key": `family-${family}`,
        onclick: () => {
          const chosen = new Set(store.state.families);
          if (!chosen.delete(family)) chosen.add(family);
          store.set({ families: chosen });
        },
      }, mark(family), familyName(family), h("span", { class: "quiet" }, rows.filter((row) => row.group === family).length));
    }));
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=range]):not([type=checkbox]), select, textarea, dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
  });
}

const THEMES = { "": "System", light: "Light", dark: "Dark" };

function drawTheme() {
  const button = $("theme");
  const remembered = () => {
    try {
      return localStorage.getItem("attnprof-theme") ?? "";
    } catch {
      return ""; // storage is denied to this page: the choice lasts as long as the page
    }
  };
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = THEMES[theme];
    button.setAttribute("aria-label", `Theme: ${THEMES[theme]}. Change it`);
  };
  apply(remembered() in THEMES ? remembered() : "");
  button.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
    apply(next);
    try {
      localStorage.setItem("attnprof-theme", next);
    } catch {
      return;
    }
  });
}
