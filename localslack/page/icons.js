// Small drawings, so that the page looks the same on a machine without an emoji font.

const NS = "http://www.w3.org/2000/svg";

function svg(box, shapes, props) {
  const node = document.createElementNS(NS, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${box} ${box}`, "aria-hidden": "true", ...props })) node.setAttribute(name, value);
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    node.append(shape);
  }
  return node;
}

const LINES = {
  hash: "M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.8 5.8h11M2.2 10.2h11",
  lock: "M4 7.2h8v6H4zM5.6 7V5.2a2.4 2.4 0 0 1 4.8 0V7",
  home: "M2.5 7.5 8 2.8l5.5 4.7M4 6.6v6.6h8V6.6",
  mail: "M2.5 3.8h11v7.4H8.2L5 13.6v-2.4H2.5z",
  shared: "M6 6.2V3.5h6.5V10H9.8M3.5 6h6.5v6.5H3.5z",
  thread: "M2.5 3.5h11v7H8.4L5.3 13v-2.5H2.5zM5.4 6.2h5.2M5.4 8.2h3.4",
  bolt: "M9 1.8 3.6 9h3.6L6.6 14.2 12.4 6.6H8.6z",
  send: "M2.8 3.2 13.4 8 2.8 12.8l1.5-4.3L9 8 4.3 7.5z",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  theme: "M8 2.3a5.7 5.7 0 1 0 0 11.4zM8 2.3a5.7 5.7 0 0 1 0 11.4",
  close: "m4 4 8 8M12 4l-8 8",
  down: "m4.5 6.3 3.5 3.5 3.5-3.5",
  eye: "M1.8 8S4 4.2 8 4.2 14.2 8 14.2 8 12 11.8 8 11.8 1.8 8 1.8 8zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  check: "m3.2 8.6 3.2 3.2 6.4-7",
  out: "M6 3.5H3.5v9h9V10M9 3.5h3.5V7M12.3 3.7 7.6 8.4",
  image: "M2.5 3.5h11v9h-11zM4.5 11l2.6-3.4 2 2.4 1.3-1.4 1.6 2.4",
  trash: "M3 4.5h10M6 4.5v-1h4v1M4.4 4.5l.7 8.5h5.8l.7-8.5",
};

export const icon = (name) => svg(16, [["path", { d: LINES[name], fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round" }]], { class: "ic" });

// -- emoji --------------------------------------------------------------------------------------------------

const path = (d, fill, stroke, width = 2) => ["path", { d, fill: fill || "none", stroke: stroke || "none", "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" }];
const dot = (fill, r = 8, cx = 10, cy = 10) => ["circle", { cx, cy, r, fill }];
const square = (fill) => ["rect", { x: 2, y: 2, width: 16, height: 16, rx: 4, fill }];
const tick = (color) => path("m6 10.4 2.8 2.9L14.2 7", null, color);
const cross = (color, width = 2.6) => path("m6 6 8 8M14 6l-8 8", null, color, width);
const glass = [path("M5 3h10M5 17h10", null, "#8a5a2b"), path("M6 3.5c0 4 4 4.5 4 6.5S6 12.5 6 16.5h8c0-4-4-4.5-4-6.5s4-2.5 4-6.5z", "#dcebf5", "#9bb4c4", 1), path("M7.2 16.2c.4-2 2.8-2.5 2.8-2.5s2.4.5 2.8 2.5z", "#e0a848")];
const clock = [dot("#e9e4f2"), ["circle", { cx: 10, cy: 10, r: 7.5, fill: "none", stroke: "#7a6fa0", "stroke-width": 1.5 }], path("M10 5.8V10l2.8 1.8", null, "#4a3f72", 1.6)];
const bell = [path("M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-1.7 5.5-1.7 6.5h12.4c0-1-1.7-2.5-1.7-6.5A4.5 4.5 0 0 0 10 3z", "#f0b73a"), path("M8.3 15.7a1.8 1.8 0 0 0 3.4 0z", "#c98a1c")];
const sheet = [path("M5 2.5h7l3.5 3.5v11.5H5z", "#f4f1ea", "#b7b0a2", 1), path("M7.3 8.5h5.5M7.3 11h5.5M7.3 13.5h3.5", null, "#8d8798", 1.2)];
const pen = (fill) => path("m6.5 15.8-3 .9.9-3L13 5.1l2.1 2.1z", fill, "#7a4b12", .8);
const arrows = path("M4 9a6 6 0 0 1 10.6-2.8M16 4v3h-3M16 11a6 6 0 0 1-10.6 2.8M4 16v-3h3", null, "#fff", 1.7);

const DRAWN = {
  white_check_mark: [square("#3aa76d"), tick("#fff")],
  heavy_check_mark: [path("m3.5 10.8 4.2 4.4L16.8 5", null, "#2d8f5c", 3)],
  ballot_box_with_check: [square("#4678d8"), tick("#fff")],
  x: [cross("#dd3b4b", 3.4)],
  no_entry: [dot("#d93a4a"), path("M5.5 10h9", null, "#fff", 3)],
  no_entry_sign: [["circle", { cx: 10, cy: 10, r: 6.8, fill: "none", stroke: "#d93a4a", "stroke-width": 2.6 }], path("m5.4 5.4 9.2 9.2", null, "#d93a4a", 2.6)],
  octagonal_sign: [path("M6.7 2.2h6.6l4.5 4.5v6.6l-4.5 4.5H6.7l-4.5-4.5V6.7z", "#d93a4a"), path("M6.5 10h7", null, "#fff", 2.6)],
  warning: [path("M10 2.8 18.2 17H1.8z", "#f5b92e", "#f5b92e", 1.6), path("M10 7.5v4.3", null, "#3c2c05"), dot("#3c2c05", 1.1, 10, 14.6)],
  rotating_light: [path("M5 15V10a5 5 0 0 1 10 0v5z", "#e04a4a"), path("M3.5 15h13v2.5h-13z", "#6d6680"), path("M10 1.5v1.8M3.5 4.5l1.3 1.2M16.5 4.5l-1.3 1.2", null, "#e04a4a", 1.5)],
  hourglass: glass, hourglass_flowing_sand: glass, alarm_clock: clock, stopwatch: clock, timer_clock: clock,
  bell, memo: [...sheet, pen("#f2b544")], pencil: [...sheet, pen("#f2b544")], page_facing_up: sheet, clipboard: sheet, scroll: sheet, receipt: sheet,
  pencil2: [pen("#f2b544")],
  eyes: [dot("#fff", 3.9, 5.8), dot("#fff", 3.9, 14.2), ["circle", { cx: 5.8, cy: 10, r: 3.9, fill: "none", stroke: "#8d8798" }], ["circle", { cx: 14.2, cy: 10, r: 3.9, fill: "none", stroke: "#8d8798" }], dot("#2b2533", 1.8, 4.8, 10.5), dot("#2b2533", 1.8, 13.2, 10.5)],
  lock: [path("M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9", null, "#9a94a8", 1.8), ["rect", { x: 4.5, y: 8.5, width: 11, height: 8.5, rx: 2, fill: "#eeb33b" }], dot("#7c5608", 1.3, 10, 12.6)],
  key: [path("M9 11 16 4M13.5 6.5l2 2M11.5 8.5l1.5 1.5", null, "#d8a235"), ["circle", { cx: 6.5, cy: 13.5, r: 3, fill: "none", stroke: "#d8a235", "stroke-width": 2.2 }]],
  robot_face: [["rect", { x: 3, y: 6, width: 14, height: 10.5, rx: 3, fill: "#8ea2c8" }], path("M10 6V3", null, "#8ea2c8"), dot("#e05555", 1.3, 10, 2.7), dot("#fff", 1.7, 7.2, 10), dot("#fff", 1.7, 12.8, 10), path("M7.3 13.6h5.4", null, "#43557c", 1.6)],
  tada: [path("m3 17 3.5-9.5 6 6z", "#f0b73a"), path("M11 8.5c1-2.5 3-1 2.5-4M13 10.5c2-1 3 .5 4.2-.5M12 3.2v.1M16.3 6v.1", null, "#d9488b", 1.7)],
  speech_balloon: [path("M3 3.5h14v10H9.5L5.5 17v-3.5H3z", "#7fa6e8")],
  question: [path("M6.8 7.2a3.2 3.2 0 1 1 4.7 2.9c-1 .6-1.5 1.1-1.5 2.3", null, "#d93a4a", 2.4), dot("#d93a4a", 1.5, 10, 16)],
  exclamation: [path("M10 3.5v8.5", null, "#d93a4a", 2.8), dot("#d93a4a", 1.6, 10, 16)],
  information_source: [square("#4678d8"), path("M10 9.2V14", null, "#fff", 2.2), dot("#fff", 1.3, 10, 6.2)],
  arrow_up: [square("#4678d8"), path("M10 14.5v-9M6.3 9 10 5.5 13.7 9", null, "#fff", 2)],
  arrow_right: [square("#4678d8"), path("M5.5 10h9M11 6.3 14.5 10 11 13.7", null, "#fff", 2)],
  arrows_counterclockwise: [square("#4678d8"), arrows], repeat: [square("#4678d8"), arrows],
  arrow_forward: [square("#4678d8"), path("M7.5 6v8l6-4z", "#fff")],
  leftwards_arrow_with_hook: [square("#4678d8"), path("M8 5.5 4.8 8.7 8 12M5 8.7h6.5a3 3 0 0 1 0 6H9", null, "#fff", 1.8)],
  checkered_flag: [path("M4.5 17.5V3", null, "#6d6680", 1.6), path("M5.5 3.5h11v8h-11z", "#f4f1ea", "#8d8798", .8), path("M5.5 3.5h2.75v2.7H5.5zM11 3.5h2.75v2.7H11zM8.25 6.2H11v2.6H8.25zM13.75 6.2h2.75v2.6h-2.75zM5.5 8.8h2.75v2.7H5.5zM11 8.8h2.75v2.7H11z", "#2b2533")],
  wastebasket: [path("M5 6.5h10l-1 11H6z", "#a9b3c6"), path("M4 6.5h12M8 4h4M8.3 9v6M11.7 9v6", null, "#6d6680", 1.4)],
  fast_forward: [square("#4678d8"), path("M5 6.5v7l4.5-3.5zM10.5 6.5v7l4.5-3.5z", "#fff")],
  house: [path("M3 10 10 3.5l7 6.5z", "#c9604a"), path("M5 9.5h10V17H5z", "#f0e3c8"), path("M8.5 12h3v5h-3z", "#8a5a2b")],
  rocket: [path("M10 2c3 2 4 5.5 3 11H7C6 7.5 7 4 10 2z", "#c9cfdc"), path("M7 9.5 4.5 13v2L7 13zM13 9.5l2.5 3.5v2L13 13z", "#d93a4a"), dot("#4678d8", 1.5, 10, 8), path("M8.5 14h3L10 18z", "#f0a33a")],
  bulb: [dot("#f6cf4f", 5.5, 10, 8), path("M8 13h4v3.5H8z", "#8d8798")],
  moneybag: [path("M7.5 5h5L11.5 7.5c3 1.5 4.5 4 4.5 6.5 0 2-1.5 3-3.5 3h-5C5.5 17 4 16 4 14c0-2.5 1.5-5 4.5-6.5zM8 2.5h4L12.5 5h-5z", "#c99a3b"), path("M10 9.5v5M8.5 13.5c1 .9 3 .6 3-.6s-3-.8-3-1.9 1.8-1.4 2.8-.5", null, "#6b4a0c", 1.1)],
  mag: [["circle", { cx: 8.5, cy: 8.5, r: 5, fill: "#d7e8f5", stroke: "#6d6680", "stroke-width": 1.8 }], path("m12.3 12.3 4.5 4.5", null, "#6d6680", 2.4)],
  bust_in_silhouette: [dot("#5b6b93", 3.6, 10, 6.5), path("M3.5 17c0-4 3-5.8 6.5-5.8s6.5 1.8 6.5 5.8z", "#5b6b93")],
  busts_in_silhouette: [dot("#8c9ac0", 3, 13.5, 6.5), path("M8 16.5c0-4 2.5-5.3 5.5-5.3S19 12.5 19 16.5z", "#8c9ac0"), dot("#5b6b93", 3.3, 7.5, 7), path("M1.5 17c0-4 2.7-5.6 6-5.6s6 1.6 6 5.6z", "#5b6b93")],
  ballot_box_with_ballot: [path("M6 9V3h8v6", "#f4f1ea", "#8d8798", 1), path("M8 5.5h4", null, "#4678d8", 1.4), path("M3 9h14v8H3z", "#8ea2c8"), path("M6 11h8", null, "#41507a", 1.6)],
  heavy_minus_sign: [path("M4 10h12", null, "#8d8798", 3.2)],
  zzz: [path("M3.5 10.5h6l-6 6h6M11 3.5h5.5L11 9h5.5", null, "#4678d8", 2)],
  wave: [path("M6 17c-2-3-3.5-6-2.5-7s2 .5 3 2L5 5.5c-.5-2 1.5-2.5 2.2-.7L9 9 8.7 4c0-2 2.2-2 2.4 0l.4 5 1.4-4c.7-1.8 2.6-1.2 2.2.7L14 12c-.5 3-2 5-4 5z", "#f2bf4d")],
  link: [path("M8.5 11.5 11.5 8.5M9 6.5l2-2a3.2 3.2 0 0 1 4.5 4.5l-2 2M11 13.5l-2 2A3.2 3.2 0 0 1 4.5 11l2-2", null, "#7a8cb0", 2)],
};
for (const [name, color] of Object.entries({ large_green_circle: "#3fb06f", red_circle: "#dc4453", large_yellow_circle: "#eac13a", large_orange_circle: "#ee8b35", white_circle: "#e4e0ea", black_circle: "#2b2533", large_blue_circle: "#4678d8", large_purple_circle: "#8a5bd0" })) DRAWN[name] = [dot(color)];

export const drawnEmoji = (name) => (DRAWN[name] ? svg(20, DRAWN[name], { class: "emoji-svg" }) : null);
