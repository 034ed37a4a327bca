// A channel, a direct message, a thread: the list, the composer, and one message.

import { fill, h, patch } from "./dom.js";
import { avatar } from "./avatar.js";
import { blocks } from "./blocks.js";
import { icon } from "./icons.js";
import { emojiNode, fullDate, mrkdwn } from "./mrkdwn.js";
import { menu } from "./popups.js";
import { role } from "./sidebar.js";

const mine = (ctx, message) => message.ephemeral_to === null || message.ephemeral_to === ctx.me.id;
const choices = (ctx, message) => ctx.state.choices[`${ctx.me.id} ${message.channel} ${message.ts}`] || {};
// What was chosen here and is still on its way to Slack: a state from before it must not take it back.
const underway = new Map();
const inChannel = (message) => message.thread_ts === null || message.thread_ts === message.ts || message.broadcast;

export function messagePane(node, ctx, channel, moved) {
  if (node.place !== `channel ${channel.id}`) {
    node.place = `channel ${channel.id}`;
    node.list = h("div", { class: "list", role: "log", data: { testid: "messages" } });
    node.head = h("header", { class: "bar" });
    node.foot = h("div", { class: "compose" });
    fill(node, node.head, node.list, node.foot);
    moved = true;
  }
  head(node.head, ctx, channel);
  const all = ctx.state.messages[channel.id] || [];
  const shown = all.filter((item) => mine(ctx, item) && inChannel(item));
  composer(node.foot, ctx, channel, null);
  list(node.list, ctx, shown, all, moved, emptyText(ctx, channel));
  const wanted = ctx.place.ts && node.list.querySelector(`[data-ts="${CSS.escape(ctx.place.ts)}"]`);
  if (wanted && moved) wanted.scrollIntoView({ block: "center" });
}

const emptyText = (ctx, channel) => (channel.is_im ? `This is the start of your messages with ${ctx.appName}.` : `This is the start of #${channel.name}.`);

function head(node, ctx, channel) {
  const count = channel.members.length;
  const title = channel.is_im ? ctx.appName : channel.name;
  const mark = JSON.stringify([channel, ctx.me.id]);
  if (node.signature === mark) return;
  node.signature = mark;
  fill(node,
    h("button", { type: "button", class: "icon burger", "aria-label": "Menu", onclick: () => node.dispatchEvent(new Event("menu", { bubbles: true })) }, icon("menu")),
    h("div", { class: "bar-title" }, h("h1", {}, h("span", { class: "mark" }, icon(channel.is_im ? "mail" : channel.private ? "lock" : "hash")), title), channel.topic && h("p", {}, channel.topic)),
    channel.shared && h("span", { class: "tag", title: "Someone of another workspace is here" }, "shared"),
    !channel.is_im && h("span", { class: "members", title: channel.members.map((id) => ctx.users[id]?.real_name || id).join(", ") },
      channel.members.filter((id) => ctx.users[id]).slice(0, 3).map((id) => avatar(ctx.users[id], "tiny")), String(count)));
}

function list(node, ctx, shown, all, moved, empty) {
  const near = node.scrollHeight - node.scrollTop - node.clientHeight < 80;
  const rows = [];
  let day = null;
  let previous = null;
  for (const message of shown) {
    const moment = new Date(Number(message.ts) * 1000);
    const name = new Intl.DateTimeFormat("en-US", { timeZone: ctx.tz, weekday: "long", month: "long", day: "numeric" }).format(moment);
    if (name !== day) rows.push({ day: name, key: `day ${name}` });
    const joined = name === day && previous && previous.user === message.user && !message.ephemeral_to && !previous.ephemeral_to && Number(message.ts) - Number(previous.ts) < 300 && !message.blocks.length;
    day = name;
    previous = message;
    const replies = all.filter((item) => item.thread_ts === message.ts && item.ts !== message.ts && mine(ctx, item));
    rows.push({ message, joined, replies, key: message.ts });
  }
  if (!rows.length) rows.push({ empty, key: "empty" });
  patch(node, rows, (row) => row.key, (row) => JSON.stringify([row.message, row.joined, row.replies && row.replies.map((item) => [item.ts, item.user]), row.empty, row.message && choices(ctx, row.message), ctx.me.id, ctx.me.tz, row.message && row.message.ts === ctx.place.ts]), (row) => draw(row, ctx));
  if (moved || near) node.scrollTop = node.scrollHeight;
}

function draw(row, ctx) {
  if (row.day) return h("div", { class: "day" }, h("span", {}, row.day));
  if (row.empty) return h("div", { class: "empty" }, row.empty);
  return messageNode(row.message, ctx, row.replies, row.joined);
}

export function messageNode(message, ctx, replies, joined) {
  const author = ctx.users[message.user];
  const moment = new Date(Number(message.ts) * 1000);
  const time = new Intl.DateTimeFormat("en-US", { timeZone: ctx.tz, hour: "numeric", minute: "2-digit" }).format(moment);
  const named = (block, item) => [ctx.me.id, message.channel, message.ts, block.block_id, item.action_id].join(" ");
  const blockContext = { ...ctx, surface: "message", values: choices(ctx, message),
    typed: (block, item) => underway.get(named(block, item))?.value,
    act: async (block, item, value) => {
      const name = named(block, item);
      const choice = { value };
      if (value !== undefined) underway.set(name, choice);
      const answer = await ctx.perform({ do: "click", channel: message.channel, ts: message.ts, action_id: item.action_id, block_id: block.block_id, blocks: message.blocks, ...(value === undefined ? {} : { value }) });
      if (underway.get(name) === choice) underway.delete(name);
      return answer;
    },
    suggest: async (block, item, query) => (await ctx.perform({ do: "suggest_in_message", channel: message.channel, ts: message.ts, action_id: item.action_id, query })).options || [] };
  const body = message.blocks.length ? blocks(message.blocks, blockContext) : h("div", { class: "text" }, mrkdwn(message.text, ctx), message.edited && h("small", { class: "edited" }, " (edited)"));
  return h("article", { class: `message ${joined ? "joined" : ""} ${message.ephemeral_to ? "ephemeral" : ""} ${message.ts === ctx.place.ts ? "pointed" : ""}`, data: { testid: message.ephemeral_to ? "ephemeral" : "message", ts: message.ts } },
    h("div", { class: "gutter" }, joined ? h("time", { class: "side-time" }, time) : avatar(author)),
    h("div", { class: "content" },
      message.ephemeral_to && h("div", { class: "only-you" }, icon("eye"), " Only visible to you"),
      !joined && h("div", { class: "by" }, h("b", {}, author.real_name), message.bot_id && h("span", { class: "tag app" }, "APP"), role(author) && h("span", { class: "tag" }, role(author)), h("time", { title: fullDate(moment, ctx), datetime: moment.toISOString() }, time)),
      body,
      message.attachments.map((item) => h("div", { class: "attachment" }, item.blocks ? blocks(item.blocks, blockContext) : h("div", { class: "text" }, mrkdwn(item.text || item.fallback || "", ctx)))),
      Object.keys(message.reactions).length > 0 && h("div", { class: "reactions" }, Object.entries(message.reactions).map(([name, users]) => h("span", { class: "reaction" }, emojiNode(name), " ", String(users.length)))),
      replies && replies.length > 0 && threadLink(message, replies, ctx)),
    !message.ephemeral_to && h("div", { class: "tools" }, messageMenu(message, ctx), replies && h("button", { type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => ctx.go({ channel: message.channel, thread: message.ts, inspect: null }) }, icon("thread"))));
}

// The message shortcuts the app registered.
function messageMenu(message, ctx) {
  const items = ctx.state.app.shortcuts.filter((item) => item.on_message);
  if (!items.length) return null;
  const node = h("button", { type: "button", title: "More actions", "aria-label": "More actions", "aria-haspopup": "menu", data: { testid: "message-menu" },
    onclick: () => menu(node, items.map((item) => ({ label: item.name, note: ctx.appName, run: () => ctx.perform({ do: "shortcut", callback_id: item.callback_id, channel: message.channel, ts: message.ts }) }))) }, "⋯");
  return node;
}

function threadLink(message, replies, ctx) {
  const who = [...new Set(replies.map((item) => item.user))].slice(0, 4);
  return h("button", { type: "button", class: "replies", data: { testid: "replies" }, onclick: () => ctx.go({ channel: message.channel, thread: message.ts, inspect: null }) },
    who.map((id) => avatar(ctx.users[id], "tiny")), h("b", {}, `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`));
}

export function threadPane(node, ctx, channel, ts) {
  const all = ctx.state.messages[channel.id] || [];
  const parent = all.find((item) => item.ts === ts);
  if (node.place !== `${channel.id} ${ts}` || !node.list || !node.contains(node.list)) {
    node.place = `${channel.id} ${ts}`;
    node.list = h("div", { class: "list" });
    node.foot = h("div", { class: "compose" });
    fill(node, h("header", { class: "bar" }, h("div", { class: "bar-title" }, h("h1", {}, "Thread"), h("p", {}, channel.is_im ? ctx.appName : `#${channel.name}`)),
      h("button", { type: "button", class: "icon", "aria-label": "Close thread", onclick: () => ctx.go({ thread: null }) }, icon("close"))), node.list, node.foot);
  }
  const rows = parent ? [parent, ...all.filter((item) => item.thread_ts === ts && item.ts !== ts && mine(ctx, item))] : [];
  patch(node.list, rows, (item) => item.ts, (item) => JSON.stringify([item, choices(ctx, item), ctx.me.id]), (item) => messageNode(item, ctx, null, false));
  composer(node.foot, ctx, channel, ts);
}

function composer(node, ctx, channel, thread) {
  const may = channel.members.includes(ctx.me.id);
  const mark = `${channel.id} ${thread} ${ctx.me.id} ${may}`;
  if (node.signature === mark) return;
  node.signature = mark;
  if (!may) return void fill(node, h("p", { class: "not-in" }, `You are looking at #${channel.name} without having joined it.`));
  const hints = h("div", { class: "hints", hidden: true });
  const box = h("textarea", { rows: "1", data: { testid: thread ? "thread-composer" : "composer" }, "aria-label": "Message",
    placeholder: thread ? "Reply…" : `Message ${channel.is_im ? ctx.appName : `#${channel.name}`}${ctx.state.app.commands ? ` or ${ctx.state.app.commands[0]}` : ""}` });
  const send = async () => {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    size();
    if (text.startsWith("/")) await ctx.perform({ do: "slash", channel: channel.id, text });
    else await ctx.perform({ do: "say", channel: channel.id, text: escape(text, ctx), ...(thread ? { thread_ts: thread } : {}) });
  };
  const size = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(160, box.scrollHeight)}px`;
    const [command, ...rest] = box.value.split(" ");
    const typed = command.startsWith("/") ? (ctx.state.app.commands || []).filter((name) => (rest.length ? name === command : name.startsWith(command))) : [];
    hints.hidden = !typed.length;
    fill(hints, typed.map((name) => h("button", { type: "button", onclick: () => { if (!rest.length) box.value = `${name} `; box.focus(); size(); } }, h("b", {}, name), " ", h("small", {}, ctx.state.app.hints[name] || ""))));
  };
  box.addEventListener("input", size);
  box.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); } });
  const everywhere = thread ? [] : ctx.state.app.shortcuts.filter((item) => !item.on_message);
  const more = everywhere.length ? h("button", { type: "button", class: "icon", title: "Shortcuts", "aria-label": "Shortcuts", "aria-haspopup": "menu", data: { testid: "shortcuts" },
    onclick: () => menu(more, everywhere.map((item) => ({ label: item.name, note: ctx.appName, run: () => ctx.perform({ do: "shortcut", callback_id: item.callback_id }) }))) }, icon("bolt")) : null;
  fill(node, hints, h("div", { class: "composer" }, more, box, h("button", { type: "button", class: "send", "aria-label": "Send", data: { testid: "send" }, onclick: send }, icon("send"))));
}

// What Slack's client sends for typed text: escaped, with @name as a mention.
function escape(text, ctx) {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return escaped.replace(/(^|\s)@([\w.-]+)/g, (whole, space, name) => {
    const user = Object.values(ctx.users).find((item) => item.name === name || (item.bot && item.real_name.toLowerCase() === name.toLowerCase()));
    return user ? `${space}<@${user.id}>` : whole;
  });
}
