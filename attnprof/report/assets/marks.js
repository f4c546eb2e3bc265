// Marks: a shape and a colour for each family, either of which tells it; names that do not overlap.

const FAMILIES = ["channel", "spatial", "channel+spatial", "self-attention", "branch", "floor", "", "fusion"];
const familyName = (family) => family || "your own";
const familyClass = (family) => `family-${FAMILIES.indexOf(FAMILIES.includes(family) ? family : "")}`;

/** The outline of a family's mark around (0, 0), about `r` in radius. */
function outline(family, r) {
  const corners = (points) => `M${points.map(([x, y]) => `${(x * r).toFixed(2)},${(y * r).toFixed(2)}`).join("L")}Z`;
  switch (FAMILIES.indexOf(family)) {
    case 1:
      return corners([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]);
    case 2:
      return corners([[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]);
    case 3:
      return corners([[0, -1.2], [1.15, 0.85], [-1.15, 0.85]]);
    case 4:
      return corners([[0, 1.2], [1.15, -0.85], [-1.15, -0.85]]);
    case 5:
      return corners([[-1.3, -0.3], [1.3, -0.3], [1.3, 0.3], [-1.3, 0.3]]);
    case 6:
      return corners([[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]]);
    case 7:
      return corners([[-1.2, 0], [-0.6, -1.05], [0.6, -1.05], [1.2, 0], [0.6, 1.05], [-0.6, 1.05]]);
    default:
      return `M${r},0A${r},${r} 0 1 1 ${-r},0A${r},${r} 0 1 1 ${r},0Z`;
  }
}

/** The mark of a family, to stand in a line of text. */
const mark = (family) =>
  s("svg", { class: `mark ${familyClass(family)}`, viewBox: "-7 -7 14 14", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: outline(family, 4.6) }));

const ruler = document.createElement("canvas").getContext("2d");
const face = getComputedStyle(document.body).fontFamily;
const widths = new Map();

/** The width of `text` in pixels in the page's face at `size`. */
function textWidth(text, size, weight = 400) {
  const font = `${weight} ${size}px ${face}`;
  const key = `${font} ${text}`;
  if (!widths.has(key)) {
    ruler.font = font;
    widths.set(key, ruler.measureText(text).width);
  }
  return widths.get(key);
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Places for names beside their points such that none covers another, a mark or the edge; a name without a place is left out. */
function placeNames(points, marks, box, size = 12) {
  const taken = marks.map(({ x, y }) => ({ left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 }));
  const placed = [];
  for (const point of points) {
    const width = textWidth(point.text, size, 600);
    const beside = [[9, 4], [-9 - width, 4], [-width / 2, -10], [-width / 2, 19], [7, -7], [7, 15], [-7 - width, -7], [-7 - width, 15]];
    for (const [dx, dy] of beside) {
      const [x, y] = [point.x + dx, point.y + dy];
      const area = { left: x - 2, right: x + width + 2, top: y - size, bottom: y + 3 };
      const inside = area.left >= box.left && area.right <= box.right && area.top >= box.top && area.bottom <= box.bottom;
      if (!inside || taken.some((other) => overlap(area, other))) continue;
      taken.push(area);
      placed.push({ ...point, x, y });
      break;
    }
  }
  return placed;
}
