// What floats above the page: menus, confirm dialogs, toasts.

import { h } from "./dom.js";
import { textNode } from "./mrkdwn.js";

const layer = () => document.getElementById("layer");

export function menu(anchor, items) {
  const close = () => { shade.remove(); list.remove(); anchor.focus(); };
  const shade = h("div", { class: "shade clear", onclick: close });
  const list = h("div", { class: "menu", role: "menu" }, items.map((item) =>
    h("button", { type: "button", role: "menuitem", onclick: () => { close(); item.run(); } }, item.label, item.note && h("small", {}, item.note))));
  list.addEventListener("keydown", (event) => event.key === "Escape" && close());
  layer().append(shade, list);
  const spot = anchor.getBoundingClientRect();
  list.style.top = `${Math.max(8, Math.min(spot.bottom + 4, innerHeight - list.offsetHeight - 8))}px`;
  list.style.left = `${Math.max(8, Math.min(spot.left, innerWidth - list.offsetWidth - 8))}px`;
  list.querySelector("button").focus();
}

export function confirmDialog(confirm, yes) {
  const close = () => shade.remove();
  const ok = h("button", { type: "button", class: `button ${confirm.style === "danger" ? "danger" : "primary"}`, data: { testid: "confirm" }, onclick: () => { close(); yes(); } }, textNode(confirm.confirm));
  const shade = h("div", { class: "shade", data: { testid: "confirm-dialog" } }, h("div", { class: "dialog small", role: "alertdialog", "aria-modal": "true" },
    h("header", {}, h("h2", {}, textNode(confirm.title))),
    h("div", { class: "dialog-body" }, h("div", { class: "text" }, textNode(confirm.text, { users: {}, channels: {}, usergroups: [], now: Date.now() / 1000 }))),
    h("footer", {}, h("button", { type: "button", class: "button", data: { testid: "deny" }, onclick: close }, textNode(confirm.deny)), ok)));
  shade.addEventListener("keydown", (event) => event.key === "Escape" && close());
  layer().append(shade);
  ok.focus();
}

const REASONS = {
  no_connection: "Nothing is connected over Socket Mode.",
  timeout: "It did not acknowledge within 3 seconds.",
  connection_lost: "The connection broke before it answered.",
  bad_ack: "Its answer could not be used.",
  unknown_command: "No app here has that command.",
  offline: "The local Slack itself is not running.",
};

export function complain(answer) {
  if (answer.ok || answer.error === "client_validation" || answer.error === "not_confirmed") return;
  if (answer.error === "not_possible") return toast("That is not possible", answer.detail);
  const http = /^http_(\d+)$/.exec(answer.error || "");
  const title = answer.error === "unknown_command" ? "Not a valid command" : "This app did not respond";
  toast(title, REASONS[answer.error] || (http ? `It answered HTTP ${http[1]}.` : answer.error || ""));
}

export function toast(title, detail) {
  const node = h("div", { class: "toast", role: "status", data: { testid: "toast" } }, h("span", { class: "toast-mark", "aria-hidden": "true" }, "!"),
    h("div", {}, h("b", {}, title), detail && h("div", {}, detail)),
    h("button", { type: "button", "aria-label": "Dismiss", onclick: () => node.remove() }, "×"));
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 8000);
}
