// The shell: what is true comes over one WebSocket, what is shown follows from it and from the address (#user=…&channel=…).

import { act, fill, h } from "./dom.js";
import { complain } from "./popups.js";
import { messagePane, threadPane } from "./messages.js";
import { homePane } from "./home.js";
import { modalLayer } from "./modal.js";
import { sidebar } from "./sidebar.js";
import { inspector } from "./inspector.js";

const HOME = "home";
let state = null;
let lines = [];
const read = {};
const parts = {};

export const place = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

export function go(changes) {
  const next = { ...place(), ...(changes.channel ? { ts: null } : {}), ...changes };
  for (const key of Object.keys(next)) if (next[key] === null) delete next[key];
  location.hash = new URLSearchParams(next).toString();
}

function context(user) {
  const users = Object.fromEntries(state.users.map((item) => [item.id, item]));
  const channels = Object.fromEntries(state.channels.map((item) => [item.id, item]));
  const me = users[user];
  return { state, me, users, channels, usergroups: state.usergroups, now: state.now, tz: me.tz || undefined, appName: state.app.name,
    sees: (id) => me.sees.includes(id), read: (read[me.id] ||= {}), perform: (body) => perform({ user: me.id, ...body }), go, place: place() };
}

async function perform(body) {
  const answer = await act(body);
  complain(answer);
  return answer;
}

function chosen() {
  const at = place();
  const humans = state.users.filter((user) => !user.bot && !user.deactivated);
  const user = humans.find((item) => item.id === at.user) || humans[0];
  const joined = state.channels.filter((channel) => channel.members.includes(user.id) && !channel.is_im);
  const withApp = joined.find((channel) => channel.members.includes(state.app.bot_user)) || joined[0];
  const known = at.channel === HOME || (at.channel && user.sees.includes(at.channel));
  return { user: user.id, channel: known ? at.channel : withApp ? withApp.id : HOME };
}

let last = "";
let pointed = "";

// A press and its release have to meet the same node, or the browser makes no click of them: until the release nothing
// is redrawn. Where no release is reported (after a list that the browser itself opened, say) a moment ends it.
const PRESSED_MS = 3000;
let pressed = 0;
let waiting = false;

function release() {
  clearTimeout(pressed);
  pressed = 0;
  if (waiting) render();
}

addEventListener("pointerdown", (event) => {
  if (event.button) return;
  clearTimeout(pressed);
  pressed = setTimeout(release, PRESSED_MS);
}, true);
// The click comes right after the release, and before anything that is put off.
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(release), true);

function render() {
  if (!state) return;
  waiting = Boolean(pressed);
  if (waiting) return;
  const at = chosen();
  const ctx = context(at.user);
  if (!parts.shell) build();
  const here = `${at.user} ${at.channel}`;
  if (here !== last && at.channel === HOME && ctx.me) perform({ do: "open_home", user: at.user });
  const asked = `${here} ${place().ts || ""}`;
  const moved = here !== last || (asked !== pointed && Boolean(place().ts));
  last = here;
  pointed = asked;
  document.title = `${at.channel === HOME ? state.app.name : label(ctx, at.channel)} · ${state.team.name}`;
  sidebar(parts.sidebar, ctx, at);
  if (at.channel === HOME) homePane(parts.main, ctx, moved);
  else messagePane(parts.main, ctx, ctx.channels[at.channel], moved);
  const thread = place().thread;
  parts.shell.classList.toggle("with-thread", Boolean(thread) && at.channel !== HOME);
  if (thread && at.channel !== HOME) threadPane(parts.thread, ctx, ctx.channels[at.channel], thread);
  else fill(parts.thread);
  modalLayer(parts.modals, ctx);
  parts.shell.classList.toggle("with-inspector", Boolean(place().inspect));
  inspector(parts.inspector, ctx, lines, place().inspect);
}

const label = (ctx, id) => (ctx.channels[id].is_im ? state.app.name : `#${ctx.channels[id].name}`);

function build() {
  parts.sidebar = h("nav", { class: "sidebar", "aria-label": "Workspace" });
  parts.main = h("main", { class: "main" });
  parts.thread = h("aside", { class: "thread", data: { testid: "thread" }, "aria-label": "Thread" });
  parts.inspector = h("aside", { class: "inspector", data: { testid: "inspector" }, "aria-label": "Traffic" });
  parts.modals = h("div", { class: "modals" });
  parts.shell = h("div", { class: "shell" }, parts.sidebar, h("div", { class: "curtain", onclick: () => parts.shell.classList.remove("menu-open") }), parts.main, parts.thread, parts.inspector);
  parts.shell.addEventListener("menu", () => parts.shell.classList.toggle("menu-open"));
  fill(document.getElementById("app"), parts.shell);
  document.body.append(parts.modals);
}

function theme() {
  const wanted = place().theme || localStorage.getItem("theme");
  if (wanted) document.documentElement.dataset.theme = wanted;
}

export function switchTheme() {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("color-scheme").trim() === "dark";
  localStorage.setItem("theme", dark ? "light" : "dark");
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  if (place().theme) go({ theme: null });
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/page`);
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    state = message.state;
    const fresh = new Map(message.journal.map((line) => [line.number, line]));
    lines = [...lines.filter((line) => !fresh.has(line.number)), ...fresh.values()].slice(-400);
    document.body.classList.remove("offline");
    render();
  };
  socket.onopen = () => { lines = []; };
  socket.onclose = () => {
    document.body.classList.add("offline");
    setTimeout(connect, 1000);
  };
}

// A link to a message of this Slack opens it here, for whoever is looking.
document.addEventListener("click", (event) => {
  const to = event.target.closest("a[href]");
  const found = to && new URL(to.href).origin === location.origin && to.pathname.match(/^\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})$/);
  if (!found || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({ channel: found[1], ts: `${found[2]}.${found[3]}`, thread: new URLSearchParams(to.search).get("thread_ts"), inspect: null });
});

theme();
addEventListener("hashchange", () => {
  theme();
  if (parts.shell) parts.shell.classList.remove("menu-open");
  render();
});
connect();
