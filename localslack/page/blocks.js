// Blocks to nodes. `ctx` knows the world and the person; `act(block, element, value)` does what pressing or choosing does.

import { h } from "./dom.js";
import { channelMention, emojiNode, formatDate, groupLabel, link, mention, mrkdwn, textNode, userMention } from "./mrkdwn.js";
import { icon } from "./icons.js";
import { element } from "./elements.js";

export function blocks(list, ctx) {
  return list.map((block) => h("div", { class: `block block-${block.type}`, data: { blockId: block.block_id } }, one(block, ctx)));
}

function one(block, ctx) {
  const draw = DRAW[block.type];
  return draw ? draw(block, ctx) : h("div", { class: "unknown" }, `[${block.type}]`);
}

const DRAW = {
  header: (block) => h(`h${Math.min(6, (block.level || 1) + 2)}`, {}, textNode(block.text)),
  divider: () => h("hr"),
  section: (block, ctx) => [
    h("div", { class: "section-text" },
      block.text && h("div", { class: "text" }, textNode(block.text, ctx)),
      block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "field" }, textNode(field, ctx))))),
    block.accessory && h("div", { class: "accessory" }, block.accessory.type === "image" ? image(block.accessory, "thumb") : element(block, block.accessory, ctx)),
  ],
  context: (block, ctx) => block.elements.map((item) => (item.type === "image" ? image(item, "tiny") : h("span", { class: "context-text" }, textNode(item, ctx)))),
  actions: (block, ctx) => block.elements.map((item) => element(block, item, ctx)),
  context_actions: (block, ctx) => block.elements.map((item) => element(block, item, ctx)),
  image: (block, ctx) => [block.title && h("div", { class: "image-title" }, textNode(block.title, ctx)), image(block, "big")],
  rich_text: (block, ctx) => block.elements.map((item) => richBlock(item, ctx)),
  markdown: (block, ctx) => h("div", { class: "text" }, mrkdwn(markdownToMrkdwn(block.text), ctx)),
  table: (block, ctx) => h("div", { class: "table-scroll" }, h("table", {}, block.rows.map((row, i) =>
    h("tr", {}, row.map((cell) => h(i ? "td" : "th", {}, cell.type === "rich_text" ? cell.elements.map((item) => richBlock(item, ctx)) : String(cell.text ?? cell.value ?? ""))))))),
  alert: (block, ctx) => h("div", { class: `alert alert-${block.level || "default"}` }, textNode(block.text, ctx)),
  card: (block, ctx) => card(block, ctx),
  carousel: (block, ctx) => h("div", { class: "carousel" }, block.elements.map((item) => card(item, ctx))),
  container: (block, ctx) => {
    const title = block.rich_text_title ? block.rich_text_title.elements.map((item) => richBlock(item, ctx)) : h("b", {}, textNode(block.title));
    const head = [title, block.subtitle && h("div", { class: "context-text" }, textNode(block.subtitle, ctx))];
    const body = h("div", { class: "container-body" }, blocks(block.child_blocks, ctx));
    return block.is_collapsible ? h("details", { class: "container", open: !block.default_collapsed }, h("summary", {}, head), body) : h("div", { class: "container" }, h("div", {}, head), body);
  },
  video: (block, ctx) => [link(block.title_url || block.video_url, textNode(block.title, ctx)), h("div", { class: "context-text" }, block.alt_text)],
  input: (block, ctx) => {
    const error = ctx.errors && ctx.errors[block.block_id];
    const id = `label-${block.block_id}`;
    const control = element(block, block.element, ctx);
    control.setAttribute("aria-labelledby", id);
    return h("div", { class: error ? "input has-error" : "input" },
      h("span", { class: "label", id }, textNode(block.label), block.optional && h("span", { class: "optional" }, " (optional)")),
      control,
      error && h("span", { class: "error", role: "alert", data: { errorFor: block.block_id } }, error),
      block.hint && h("span", { class: "hint" }, textNode(block.hint)));
  },
};

function card(block, ctx) {
  return h("div", { class: "card" },
    block.hero_image && image(block.hero_image, "big"),
    block.icon && image(block.icon, "tiny"),
    block.title && h("b", {}, textNode(block.title, ctx)),
    block.subtitle && h("div", { class: "context-text" }, textNode(block.subtitle, ctx)),
    block.body && h("div", { class: "text" }, textNode(block.body, ctx)),
    block.actions && h("div", { class: "block-actions" }, block.actions.map((item) => element(block, item, ctx))));
}

function image(item, size) {
  if (!/^https?:/.test(item.image_url || "")) return h("span", { class: `image-alt ${size}` }, item.alt_text);
  // Nothing is fetched from elsewhere: the page works offline, and an image in a message must not call home.
  return h("span", { class: `image-alt ${size}`, title: item.image_url }, icon("image"), " ", item.alt_text);
}

const markdownToMrkdwn = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;")
    .replace(/\*\*(.+?)\*\*/g, "*$1*").replace(/^#{1,6}\s+(.*)$/gm, "*$1*").replace(/~~(.+?)~~/g, "~$1~")
    .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, "<$2|$1>").replace(/^[-*]\s+/gm, "• ").replace(/^&gt;/gm, ">");

function richBlock(item, ctx) {
  if (item.type === "rich_text_preformatted") return h("pre", { class: "code" }, item.elements.map((leaf) => leaf.text || leaf.url));
  if (item.type === "rich_text_quote") return h("blockquote", {}, item.elements.map((leaf) => richLeaf(leaf, ctx)));
  if (item.type === "rich_text_list") {
    const list = h(item.style === "ordered" ? "ol" : "ul", { start: item.offset ? String(item.offset + 1) : null },
      item.elements.map((row) => h("li", {}, row.elements.map((leaf) => richLeaf(leaf, ctx)))));
    list.style.marginLeft = `${(item.indent || 0) * 24}px`;
    return list;
  }
  return h("div", { class: "text" }, item.elements.map((leaf) => richLeaf(leaf, ctx)));
}

const LEAVES = {
  text: (leaf) => leaf.text,
  link: (leaf) => link(leaf.url, leaf.text),
  user: (leaf, ctx) => userMention(leaf.user_id, ctx),
  usergroup: (leaf, ctx) => mention(groupLabel(leaf.usergroup_id, ctx, "")),
  channel: (leaf, ctx) => channelMention(leaf.channel_id, ctx),
  team: (leaf) => mention(leaf.team_id),
  emoji: (leaf) => emojiNode(leaf.name),
  broadcast: (leaf) => mention(`@${leaf.range}`, true),
  color: (leaf) => leaf.value,
  date: (leaf, ctx) => formatDate(new Date(leaf.timestamp * 1000), leaf.format, ctx),
};

function richLeaf(leaf, ctx) {
  let node = (LEAVES[leaf.type] || (() => `[${leaf.type}]`))(leaf, ctx);
  const style = leaf.style || {};
  for (const [name, tag] of [["code", "code"], ["bold", "b"], ["italic", "i"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}
