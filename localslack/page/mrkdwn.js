// Slack's mrkdwn to nodes: find the marks in the escaped text first, unescape the leaves afterwards.

import { h } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { drawnEmoji } from "./icons.js";

const INLINE = new RegExp(
  [
    "`([^`\\n]+)`",
    "<([^<>\\n]+)>",
    ":([a-z0-9_+-]+):",
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*[^\\s*])\\*(?![\\w*])",
    "(?<![\\w_])_(?=\\S)([^_\\n]*[^\\s_])_(?![\\w_])",
    "(?<![\\w~])~(?=\\S)([^~\\n]*[^\\s~])~(?![\\w~])",
  ].join("|"),
  "g",
);

export const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function mrkdwn(text, ctx) {
  const out = [];
  text.split(/```/).forEach((part, i, all) => {
    if (i % 2 && i < all.length - 1) out.push(h("pre", { class: "code" }, unescape(part.replace(/^\n|\n$/g, ""))));
    else if (i % 2) out.push(...lines("```" + part, ctx));
    else out.push(...lines(part.replace(/^\n/, i ? "" : "\n"), ctx));
  });
  return out;
}

function lines(text, ctx) {
  const out = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) out.push(h("blockquote", {}, inline(quoted.join("\n"), ctx)));
    quoted = [];
  };
  const rows = text.split("\n");
  rows.forEach((row, i) => {
    const mark = row.match(/^(?:&gt;|>)\s?/);
    if (mark) quoted.push(row.slice(mark[0].length));
    else {
      const after = quoted.length > 0;
      flush();
      if (i && !after) out.push("\n");
      out.push(...inline(row, ctx));
    }
  });
  flush();
  return out;
}

function inline(text, ctx) {
  const out = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > last) out.push(unescape(text.slice(last, found.index)));
    last = found.index + found[0].length;
    const [whole, code, angle, emoji, bold, italic, strike] = found;
    if (code !== undefined) out.push(h("code", {}, unescape(code)));
    else if (angle !== undefined) out.push(reference(angle, ctx, whole));
    else if (emoji !== undefined) out.push(emojiNode(emoji, whole));
    else if (bold !== undefined) out.push(h("b", {}, inline(bold, ctx)));
    else if (italic !== undefined) out.push(h("i", {}, inline(italic, ctx)));
    else out.push(h("s", {}, inline(strike, ctx)));
  }
  if (last < text.length) out.push(unescape(text.slice(last)));
  return out;
}

export function emojiNode(name, otherwise) {
  const drawn = drawnEmoji(name);
  if (!drawn && !EMOJI[name]) return otherwise || `:${name}:`;
  return h("span", { class: "emoji", title: `:${name}:`, role: "img", "aria-label": name.replaceAll("_", " ") }, drawn || EMOJI[name]);
}

export function plain(text) {
  const out = [];
  let last = 0;
  for (const found of text.matchAll(/:([a-z0-9_+-]+):/g)) {
    if (!EMOJI[found[1]]) continue;
    out.push(text.slice(last, found.index), emojiNode(found[1]));
    last = found.index + found[0].length;
  }
  out.push(text.slice(last));
  return out;
}

// Emoji that stand in the text as characters: drawn where there is a drawing, since not every machine has a font for them.
const NAMES = Object.fromEntries(Object.entries(EMOJI).filter(([name]) => drawnEmoji(name)).map(([name, character]) => [character, name]));
const CHARACTERS = new RegExp(`(${Object.keys(NAMES).sort((a, b) => b.length - a.length).join("|")})`, "u");
const pictured = (text) => text.split(CHARACTERS).map((part) => (NAMES[part] ? emojiNode(NAMES[part]) : part));

export function textNode(object, ctx) {
  if (!object) return [];
  if (object.type === "plain_text") return object.emoji === false ? pictured(object.text) : plain(object.text).flatMap((part) => (typeof part === "string" ? pictured(part) : part));
  return mrkdwn(object.text, ctx);
}

export function link(url, label) {
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return h("span", { class: "badlink", title: "This link would not open in Slack" }, label || url);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url.replace(/^mailto:/, ""));
}

export const mention = (label, loud) => h("span", { class: loud ? "mention loud" : "mention" }, label);
export const userMention = (id, ctx, label) => mention(`@${ctx.users[id] ? ctx.users[id].name : label || id}`);
export const channelMention = (id, ctx, label) => mention(ctx.channels[id] && ctx.sees && !ctx.sees(id) ? "private channel" : `#${ctx.channels[id] ? ctx.channels[id].name : label || id}`);

function reference(inner, ctx, whole) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  if (target.startsWith("@")) return userMention(target.slice(1), ctx, label);
  if (target.startsWith("#")) return channelMention(target.slice(1), ctx, label);
  if (target.startsWith("!subteam^")) return mention(groupLabel(target.slice(9), ctx, label));
  if (target.startsWith("!date^")) return dateNode(target, label, ctx);
  if (target.startsWith("!")) return mention(`@${target.slice(1)}`, true);
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return link(unescape(target), label);
  return unescape(whole);
}

export function groupLabel(id, ctx, label) {
  const group = ctx.usergroups.find((item) => item.id === id);
  return `@${group ? group.handle : label.replace(/^@/, "") || id}`;
}

function dateNode(target, fallback, ctx) {
  const [, seconds, pattern, url] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (!pattern || Number.isNaN(moment.getTime())) return fallback;
  const text = h("time", { datetime: moment.toISOString(), title: fullDate(moment, ctx) }, formatDate(moment, unescape(pattern), ctx));
  return url ? link(unescape(url), text) : text;
}

export function formatDate(moment, pattern, ctx) {
  const zone = ctx.tz;
  const show = (options) => new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options }).format(moment);
  const day = { month: "long", day: "numeric", year: "numeric" };
  const pretty = (text) => nearDay(moment, ctx) || text;
  const forms = {
    date_num: () => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(moment),
    date: () => show(day),
    date_short: () => show({ ...day, month: "short" }),
    date_long: () => show({ ...day, weekday: "long" }),
    date_slash: () => show({ month: "2-digit", day: "2-digit", year: "numeric" }),
    date_pretty: () => pretty(show(day)),
    date_short_pretty: () => pretty(show({ ...day, month: "short" })),
    date_long_pretty: () => pretty(show({ ...day, weekday: "long" })),
    time: () => show({ hour: "numeric", minute: "2-digit" }),
    time_secs: () => show({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: () => ago(moment, ctx.now),
  };
  const text = pattern.replace(/\{(\w+)\}/g, (whole, name) => (forms[name] ? forms[name]() : whole));
  return text.charAt(0).toUpperCase() === text.charAt(0) || !pattern.startsWith("{") ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function nearDay(moment, ctx) {
  const day = (time) => new Intl.DateTimeFormat("en-CA", { timeZone: ctx.tz }).format(new Date(time));
  const now = ctx.now * 1000;
  const wanted = day(moment.getTime());
  if (wanted === day(now)) return "today";
  if (wanted === day(now - 86400000)) return "yesterday";
  return wanted === day(now + 86400000) ? "tomorrow" : null;
}

function ago(moment, now) {
  const seconds = Math.round(now - moment.getTime() / 1000);
  const form = new Intl.RelativeTimeFormat("en-US", { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) if (Math.abs(seconds) >= size) return form.format(-Math.trunc(seconds / size), unit);
  return form.format(-seconds, "second");
}

export const fullDate = (moment, ctx) =>
  new Intl.DateTimeFormat("en-US", { timeZone: ctx.tz, dateStyle: "full", timeStyle: "short" }).format(moment);
