// The app's Home tab.

import { fill, h } from "./dom.js";
import { blocks } from "./blocks.js";
import { icon } from "./icons.js";
import { draftOf, suggestIn } from "./modal.js";

export function homePane(node, ctx) {
  const view = ctx.state.homes[ctx.me.id];
  const mark = JSON.stringify([view && view.id, view && view.revision, ctx.me.id]);
  if (node.place === "home" && node.signature === mark) return;
  node.place = "home";
  node.signature = mark;
  const body = view
    ? blocks(view.blocks, { ...ctx, surface: "home", values: view.values, ...draftOf(view), suggest: suggestIn(view, ctx),
        act: (block, item, value) => ctx.perform({ do: "click_view", view_id: view.id, action_id: item.action_id, block_id: block.block_id, ...(value === undefined ? {} : { value }) }) })
    : h("div", { class: "empty" }, ctx.state.app.home_tab ? `${ctx.appName} has not published a Home for ${ctx.me.real_name} yet.` : "The app has no Home tab.");
  const bar = h("header", { class: "bar" });
  fill(bar, h("button", { type: "button", class: "icon burger", "aria-label": "Menu", onclick: () => bar.dispatchEvent(new Event("menu", { bubbles: true })) }, icon("menu")),
    h("div", { class: "bar-title" }, h("h1", {}, ctx.appName), h("p", {}, "Home")),
    h("a", { class: "tag", href: `#${new URLSearchParams({ user: ctx.me.id, channel: `D${ctx.me.id.slice(1)}` })}` }, "Messages"));
  fill(node, bar, h("div", { class: "list home", data: { testid: "home" } }, h("div", { class: "home-body" }, body)));
}
