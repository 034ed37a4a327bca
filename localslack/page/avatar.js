import { h } from "./dom.js";
import { icon } from "./icons.js";

const HUES = [262, 198, 24, 340, 152, 222, 46, 290];

export function avatar(user, size = "") {
  if (user.bot) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("check"));
  const initials = user.real_name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  const node = h("span", { class: `avatar ${size}`, "aria-hidden": "true" }, initials);
  const sum = [...user.id].reduce((total, letter) => total * 31 + letter.charCodeAt(0), 7);
  node.style.setProperty("--hue", String(HUES[sum % HUES.length]));
  return node;
}
