// Interactive elements. In a form they keep a value until it is sent; elsewhere choosing sends at once.

import { h } from "./dom.js";
import { textNode } from "./mrkdwn.js";
import { icon } from "./icons.js";
import { menu, confirmDialog } from "./popups.js";

const text = (object) => (object ? object.text : "");

export function element(block, item, ctx) {
  const draw = DRAW[item.type];
  if (!draw) return h("span", { class: "unknown" }, `[${item.type}]`);
  const node = draw(block, item, ctx);
  node.dataset.actionId = item.action_id;
  if (block.type === "input") node.dataset.blockId = block.block_id;
  return node;
}

function send(block, item, ctx, value, node) {
  const go = async () => {
    if (node) node.classList.add("pending");
    await ctx.act(block, item, value);
    if (node) node.classList.remove("pending");
  };
  if (item.confirm) confirmDialog(item.confirm, go);
  else go();
}

// What the element shows now: what was typed on this page, else what Slack has, else what the app set.
function current(block, item, ctx, key, initial) {
  const typed = ctx.typed && ctx.typed(block, item);
  if (typed !== undefined) return typed;
  const entry = ctx.values && ctx.values[block.block_id] && ctx.values[block.block_id][item.action_id];
  const value = entry ? entry[key] : item[initial];
  if (value === undefined || value === null) return undefined;
  if (key === "selected_option") return value.value;
  if (key === "selected_options") return value.map((option) => option.value);
  return value;
}

function changed(block, item, ctx, value, node) {
  if (ctx.type) ctx.type(block, item, value);
  if (block.type !== "input" || block.dispatch_action) send(block, item, ctx, value, node);
}

function button(block, item, ctx) {
  const node = h("button", { type: "button", class: `button ${item.style || ""}`, "aria-label": item.accessibility_label,
    onclick: () => {
      if (item.url && /^https?:/.test(item.url)) window.open(item.url, "_blank", "noopener");
      send(block, item, ctx, undefined, node);
    } }, textNode(item.text), item.url && h("span", { class: "outside", "aria-hidden": "true" }, " ", icon("out")));
  return node;
}

function overflow(block, item, ctx) {
  const node = h("button", { type: "button", class: "button overflow", "aria-label": "More actions", "aria-haspopup": "menu",
    onclick: () => menu(node, item.options.map((option) => ({
      label: textNode(option.text), note: text(option.description),
      run: () => {
        if (option.url && /^https?:/.test(option.url)) window.open(option.url, "_blank", "noopener");
        send(block, item, ctx, option.value, node);
      } }))) }, "⋯");
  return node;
}

// -- selects ------------------------------------------------------------------------------------------------

const SELECTS = {
  static_select: ["selected_option", "initial_option", (item) => groups(item)],
  multi_static_select: ["selected_options", "initial_options", (item) => groups(item)],
  users_select: ["selected_user", "initial_user", (item, ctx) => people(ctx)],
  multi_users_select: ["selected_users", "initial_users", (item, ctx) => people(ctx)],
  channels_select: ["selected_channel", "initial_channel", (item, ctx) => channels(ctx, false)],
  multi_channels_select: ["selected_channels", "initial_channels", (item, ctx) => channels(ctx, false)],
  conversations_select: ["selected_conversation", "initial_conversation", (item, ctx) => channels(ctx, true)],
  multi_conversations_select: ["selected_conversations", "initial_conversations", (item, ctx) => channels(ctx, true)],
};

const pairs = (options) => options.map((option) => [option.value, text(option.text)]);
const groups = (item) => (item.option_groups ? item.option_groups.map((group) => ({ label: text(group.label), pairs: pairs(group.options) })) : [{ pairs: pairs(item.options || []) }]);
const people = (ctx) => [{ pairs: Object.values(ctx.users).filter((user) => !user.deactivated && !user.bot).map((user) => [user.id, user.real_name]) }];
const channels = (ctx, all) => [{ pairs: Object.values(ctx.channels).filter((channel) => (all ? true : !channel.is_im && !channel.private) && ctx.sees(channel.id))
  .map((channel) => [channel.id, channel.is_im ? `@${ctx.appName}` : `#${channel.name}`]) }];

function select(block, item, ctx) {
  const [key, initial, list] = SELECTS[item.type];
  const many = item.type.startsWith("multi_");
  const now = current(block, item, ctx, key, initial);
  if (many) return chips(block, item, ctx, list(item, ctx), now || []);
  const options = list(item, ctx).map((group) => {
    const made = group.pairs.map(([value, label]) => h("option", { value, selected: value === now }, label));
    return group.label ? h("optgroup", { label: group.label }, made) : made;
  });
  const node = h("select", { class: "select", onchange: () => changed(block, item, ctx, node.value || null, node) },
    h("option", { value: "", selected: now === undefined, disabled: block.type !== "input" || !block.optional }, text(item.placeholder) || "Select an option"), options);
  return node;
}

function chips(block, item, ctx, list, now) {
  const chosen = new Set(now);
  const node = h("div", { class: "chips several", role: "group", "aria-label": text(item.placeholder) }, h("span", { class: "chip-group" }, text(item.placeholder) || "Select options"));
  for (const group of list) {
    if (group.label) node.append(h("span", { class: "chip-group" }, group.label));
    for (const [value, label] of group.pairs) {
      const chip = h("button", { type: "button", class: "chip", "aria-pressed": String(chosen.has(value)), value,
        onclick: () => {
          chosen.has(value) ? chosen.delete(value) : chosen.add(value);
          chip.setAttribute("aria-pressed", String(chosen.has(value)));
          changed(block, item, ctx, [...chosen], node);
        } }, label);
      node.append(chip);
    }
  }
  return node;
}

function external(block, item, ctx) {
  const many = item.type.startsWith("multi_");
  const key = many ? "selected_options" : "selected_option";
  const node = h("div", { class: "external" });
  const results = h("div", { class: "results", role: "listbox" });
  const chosen = many ? h("div", { class: "chips" }) : null; // what was picked, each removable
  const typed = ctx.typed && ctx.typed(block, item);
  const entry = ctx.values && ctx.values[block.block_id] && ctx.values[block.block_id][item.action_id];
  const now = typed === undefined ? entry && entry[key] : typed;
  const several = new Map((many && now ? now : []).map((option) => [option.value, option]));
  const keep = () => { drawn(); changed(block, item, ctx, [...several.values()], node); };
  const drawn = () => chosen.replaceChildren(...[...several.values()].map((option) => h("button", { type: "button", class: "chip", "aria-pressed": "true", title: "Remove", onclick: () => { several.delete(option.value); keep(); } }, textNode(option.text), " ×")));
  const box = h("input", { type: "text", class: "text-input", placeholder: text(item.placeholder) || "Type to search", autocomplete: "off",
    oninput: async () => {
      const query = box.value;
      const options = await ctx.suggest(block, item, query);
      if (query !== box.value) return; // a later answer is on its way, or one was chosen
      results.replaceChildren(...options.map((option) => h("button", { type: "button", class: "result", onclick: () => {
        results.replaceChildren();
        if (many) {
          box.value = "";
          several.set(option.value, option);
          keep();
        } else {
          box.value = text(option.text);
          changed(block, item, ctx, option, node);
        }
      } }, textNode(option.text))));
    } });
  if (many) drawn();
  else if (now) box.value = text(now.text);
  if ((item.min_query_length ?? 3) === 0) box.addEventListener("focus", () => box.dispatchEvent(new Event("input")));
  node.append(...(many ? [chosen] : []), box, results);
  return node;
}

// -- choices ------------------------------------------------------------------------------------------------

let names = 0;

function choices(block, item, ctx) {
  const many = item.type === "checkboxes";
  const now = current(block, item, ctx, many ? "selected_options" : "selected_option", many ? "initial_options" : "initial_option");
  const chosen = new Set(many ? now || [] : now === undefined ? [] : [now]);
  const name = `choice-${(names += 1)}`;
  const node = h("div", { class: "choices", role: many ? "group" : "radiogroup" });
  for (const option of item.options) {
    const box = h("input", { type: many ? "checkbox" : "radio", name, value: option.value, checked: chosen.has(option.value),
      onchange: () => {
        if (!many) chosen.clear();
        box.checked ? chosen.add(option.value) : chosen.delete(option.value);
        changed(block, item, ctx, many ? [...chosen] : option.value, node);
      } });
    node.append(h("label", { class: "choice" }, box, h("span", {}, textNode(option.text, ctx), option.description && h("small", {}, textNode(option.description, ctx)))));
  }
  return node;
}

// -- typed --------------------------------------------------------------------------------------------------

function typed(kind, attributes = () => ({})) {
  return (block, item, ctx) => {
    const now = current(block, item, ctx, "value", "initial_value");
    const tag = item.multiline ? "textarea" : "input";
    const node = h(tag, { class: "text-input", type: item.multiline ? null : kind, rows: item.multiline ? "4" : null, placeholder: text(item.placeholder),
      autofocus: item.focus_on_load, ...attributes(item), oninput: () => ctx.type && ctx.type(block, item, node.value),
      onkeydown: (event) => { if (event.key === "Enter" && !item.multiline && block.dispatch_action) { event.preventDefault(); send(block, item, ctx, node.value, node); } } });
    if (now !== undefined) node.value = now;
    return node;
  };
}

const richText = (block, item, ctx) => {
  const now = current(block, item, ctx, "rich_text_value", "initial_value");
  const node = h("textarea", { class: "text-input", rows: "4", placeholder: text(item.placeholder), oninput: () => ctx.type && ctx.type(block, item, node.value) });
  if (typeof now === "string") node.value = now;
  else if (now) node.value = now.elements.map((part) => part.elements.map((leaf) => leaf.text || "").join("")).join("\n");
  return node;
};

function picker(kind, key, initial, toValue, fromValue) {
  return (block, item, ctx) => {
    const now = current(block, item, ctx, key, initial);
    const node = h("input", { class: "text-input picker", type: kind, onchange: () => changed(block, item, ctx, toValue(node.value), node) });
    if (now !== undefined) node.value = fromValue(now);
    return node;
  };
}

const same = (value) => value || null;
const toSeconds = (value) => (value ? Math.floor(new Date(value).getTime() / 1000) : null);
const fromSeconds = (value) => {
  const moment = new Date(value * 1000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};

function feedback(block, item, ctx) {
  const node = h("span", { class: "feedback" });
  for (const one of [item.positive_button, item.negative_button]) {
    node.append(h("button", { type: "button", class: "button small", onclick: () => send(block, item, ctx, one.value, node) }, textNode(one.text)));
  }
  return node;
}

const DRAW = {
  button, overflow,
  workflow_button: button,
  icon_button: (block, item, ctx) => {
    const node = h("button", { type: "button", class: "button small", title: text(item.text), onclick: () => send(block, item, ctx, undefined, node) }, icon("trash"));
    return node;
  },
  feedback_buttons: feedback,
  ...Object.fromEntries(Object.keys(SELECTS).map((name) => [name, select])),
  external_select: external, multi_external_select: external,
  radio_buttons: choices, checkboxes: choices,
  plain_text_input: typed("text", (item) => ({ maxlength: item.max_length ? String(item.max_length) : null })),
  number_input: typed("text", () => ({ inputmode: "decimal" })),
  email_text_input: typed("email"),
  url_text_input: typed("url"),
  rich_text_input: richText,
  file_input: () => h("p", { class: "unknown" }, "Files are not part of the local Slack."),
  datepicker: picker("date", "selected_date", "initial_date", same, (value) => value),
  timepicker: picker("time", "selected_time", "initial_time", same, (value) => value),
  datetimepicker: picker("datetime-local", "selected_date_time", "initial_date_time", toSeconds, fromSeconds),
};
