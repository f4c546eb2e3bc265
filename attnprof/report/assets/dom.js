// Elements. Texts only ever become text nodes, so nothing that a run holds can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. `on...` are listeners; true, false and null switch an attribute on or leave it out. */
function h(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element, as h. */
function s(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what `element` holds, keeping the focus on the control with the same data-key. */
function fill(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (focused !== undefined) element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

const $ = (id) => document.getElementById(id);

const plural = (n, one, many = `${one}s`) => `${showCount(n)} ${n === 1 ? one : many}`;

/** A button that puts `text()` on the clipboard and says so. */
function copyButton(text, label = "Copy") {
  const button = h("button", {
    type: "button",
    class: "button small",
    onclick: async () => {
      button.textContent = (await copied(text())) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => (button.textContent = label), 1600);
    },
  }, label);
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page opened from disk may not have the clipboard; the older way needs a selection, inside an open dialog if any.
    const area = h("textarea", { readonly: true, class: "offscreen" });
    area.value = text;
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
