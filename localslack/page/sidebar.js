// The left side: who you are, where you can go, how the app is connected.

import { fill, h } from "./dom.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";
import { emojiNode } from "./mrkdwn.js";
import { switchTheme } from "./app.js";

export function unread(ctx, channel, here) {
  const messages = (ctx.state.messages[channel] || []).filter((item) => item.ephemeral_to === null || item.ephemeral_to === ctx.me.id);
  const newest = messages.length ? messages[messages.length - 1].ts : "0";
  if (here || ctx.read[channel] === undefined) ctx.read[channel] = newest;
  return messages.filter((item) => item.ts > ctx.read[channel] && item.user !== ctx.me.id).length;
}

export function sidebar(node, ctx, at) {
  const { state, me } = ctx;
  const signature = [];
  const item = (id, mark, name, extra) => {
    const count = id === "home" ? 0 : unread(ctx, id, at.channel === id && document.visibilityState !== "hidden");
    signature.push(id, name, count, at.channel === id);
    return h("a", { class: `place ${at.channel === id ? "here" : ""} ${count ? "unread" : ""}`, data: { channel: id }, "aria-current": at.channel === id ? "page" : null,
      href: `#${new URLSearchParams({ user: me.id, channel: id })}` }, h("span", { class: "mark", "aria-hidden": "true" }, icon(mark)), h("span", { class: "place-name" }, name), extra,
      count ? h("span", { class: "count" }, String(count)) : null);
  };
  const shown = state.channels.filter((channel) => !channel.is_im && me.sees.includes(channel.id));
  const joined = shown.filter((channel) => channel.members.includes(me.id));
  const others = shown.filter((channel) => !channel.members.includes(me.id));
  const dm = `D${me.id.slice(1)}`;
  const places = [
    h("div", { class: "group" }, "Channels"),
    [...joined, ...others].map((channel) => item(channel.id, channel.private ? "lock" : "hash", channel.name, channel.shared ? h("span", { class: "shared", title: "Shared with another workspace" }, icon("shared")) : null)),
    h("div", { class: "group" }, "Apps"),
    item("home", "home", `${state.app.name} Home`),
    state.channels.some((channel) => channel.id === dm) || at.channel === dm ? item(dm, "mail", `${state.app.name} messages`) : null,
    h("div", { class: "group" }, "People"),
    state.users.filter((user) => !user.bot).map((user) => person(user, me)),
  ];
  signature.push(me.id, state.connections, state.problems.length, state.users.map((user) => [user.status_text, user.deactivated, user.away]));
  const mark = JSON.stringify(signature);
  if (node.signature === mark) return;
  node.signature = mark;
  const scroll = node.querySelector(".places")?.scrollTop || 0;
  fill(node,
    h("div", { class: "team" }, h("div", { class: "team-name" }, state.team.name), h("button", { type: "button", class: "icon", title: "Light or dark", "aria-label": "Switch between light and dark", data: { testid: "theme" }, onclick: switchTheme }, icon("theme"))),
    switcher(ctx),
    h("div", { class: "places" }, places),
    h("div", { class: "foot" },
      h("a", { class: "wire", data: { testid: "inspect" }, href: `#${new URLSearchParams({ ...at, ...(ctx.place.inspect ? {} : { inspect: "traffic" }) })}` },
        h("span", { class: `lamp ${state.connections || state.http ? "on" : ""}` }),
        state.http ? "Signed HTTP" : state.connections ? `${state.connections} socket${state.connections > 1 ? "s" : ""} open` : "App not connected",
        state.problems.length ? h("span", { class: "count bad", title: "Things Slack would refuse" }, String(state.problems.length)) : null,
        h("span", { class: "wire-more" }, "Traffic"))));
  node.querySelector(".places").scrollTop = scroll;
}

function switcher(ctx) {
  const { me } = ctx;
  const node = h("select", { data: { testid: "user-switch" }, "aria-label": "Act as", onchange: () => ctx.go({ user: node.value, thread: null }) },
    ctx.state.users.filter((user) => !user.bot && !user.deactivated).map((user) => h("option", { value: user.id, selected: user.id === me.id }, `${user.real_name}${role(user) ? ` (${role(user)})` : ""}`)));
  return h("label", { class: "switch" }, avatar(me, "small"), h("span", { class: "switch-text" }, h("small", {}, "You are"), h("b", {}, me.real_name)), role(me) && h("span", { class: "role" }, role(me)), h("span", { class: "caret", "aria-hidden": "true" }, icon("down")), node);
}

export const role = (user) => (user.stranger ? "external" : user.guest ? "guest" : user.admin ? "admin" : user.deactivated ? "deactivated" : "");

function person(user, me) {
  const gone = user.deactivated;
  const props = { class: `place person ${gone ? "gone" : ""}`, title: [user.title, user.tz].filter(Boolean).join(" · ") };
  if (!gone) props.href = `#${new URLSearchParams({ user: user.id })}`;
  const status = user.status_emoji ? emojiNode(user.status_emoji.replaceAll(":", "")) : null;
  return h(gone ? "span" : "a", props, h("span", { class: `dot ${user.away || gone ? "" : "active"}` }), h("span", { class: "place-name" }, user.real_name, user.id === me.id ? " (you)" : ""), status && h("span", { title: user.status_text }, status), user.dnd && h("span", { class: "role", title: "Notifications paused" }, "zzz"), role(user) && h("span", { class: "role" }, role(user)));
}
