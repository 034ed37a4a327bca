// Modals: the visible one of the stack, its inputs, inline errors.

import { act, fill, h } from "./dom.js";
import { blocks } from "./blocks.js";
import { icon } from "./icons.js";
import { textNode } from "./mrkdwn.js";

const drafts = new Map();

// What was typed on this page, kept while the view is open so that a redraw does not lose it.
export function draftOf(view) {
  if (!drafts.has(view.id)) drafts.set(view.id, new Map());
  const draft = drafts.get(view.id);
  const key = (block, item) => `${block.block_id} ${item.action_id} ${item.type}`;
  return {
    draft,
    typed: (block, item) => (draft.has(key(block, item)) ? draft.get(key(block, item)).value : undefined),
    type: (block, item, value) => draft.set(key(block, item), { block_id: block.block_id, action_id: item.action_id, value }),
  };
}

export const suggestIn = (view, ctx) => async (block, item, query) => (await ctx.perform({ do: "suggest", view_id: view.id, action_id: item.action_id, query })).options || [];

const values = (view) => {
  const here = new Set(view.blocks.map((block) => block.block_id));
  return [...draftOf(view).draft.values()].filter((entry) => here.has(entry.block_id)).map((entry) => [entry.block_id, entry.action_id, entry.value]);
};

export function modalLayer(node, ctx) {
  const stack = ctx.state.modals[ctx.me.id] || [];
  const view = stack[stack.length - 1];
  const mark = view ? JSON.stringify([view.id, view.revision, view.errors, ctx.me.id, stack.length]) : "";
  if (node.signature === mark) return;
  const same = view && node.viewId === view.id;
  const scroll = same ? node.querySelector(".dialog-body")?.scrollTop || 0 : 0;
  const focused = same && document.activeElement?.closest(".modals") ? document.activeElement.dataset.actionId : null;
  node.signature = mark;
  node.viewId = view && view.id;
  if (!view) return void fill(node);
  fill(node, dialog(view, ctx, stack.length));
  node.querySelector(".dialog-body").scrollTop = scroll;
  const target = (focused && node.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)) || node.querySelector("[autofocus]") || node.querySelector(".has-error .text-input") || node.querySelector(".block-input .text-input, .block-input .select");
  if (target) target.focus({ preventScroll: same });
}

function dialog(view, ctx, depth) {
  const send = async (body) => ctx.perform({ view_id: view.id, ...body });
  const close = () => { drafts.delete(view.id); send({ do: "close_view" }); };
  const submit = async () => {
    shade.classList.add("busy");
    await send({ do: "submit", values: values(view) });
    shade.classList.remove("busy");
  };
  const blockContext = { ...ctx, surface: "modal", values: view.values, errors: view.errors, ...draftOf(view), suggest: suggestIn(view, ctx),
    act: async (block, item, value) => {
      await act({ do: "fill", user: ctx.me.id, view_id: view.id, values: values(view) });
      return send({ do: "click_view", action_id: item.action_id, block_id: block.block_id, ...(value === undefined ? {} : { value }) });
    } };
  const submits = view.submit || view.blocks.some((block) => block.type === "input");
  const form = h("form", { class: "dialog", role: "dialog", "aria-modal": "true", data: { testid: "modal", viewId: view.id, callbackId: view.callback_id }, onsubmit: (event) => { event.preventDefault(); if (submits) submit(); } },
    h("header", {}, h("span", { class: "avatar bot small", "aria-hidden": "true" }, icon("check")), h("h2", {}, textNode(view.title)), depth > 1 && h("span", { class: "tag" }, `${depth} of 3`), h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: close }, icon("close"))),
    h("div", { class: "dialog-body" }, blocks(view.blocks, blockContext)),
    h("footer", {}, h("button", { type: "button", class: "button", data: { testid: "modal-close" }, onclick: close }, view.close ? textNode(view.close) : submits ? "Cancel" : "Close"),
      submits && h("button", { type: "submit", class: "button primary", data: { testid: "modal-submit" }, disabled: view.submit_disabled }, view.submit ? textNode(view.submit) : "Submit")));
  form.noValidate = true;
  const shade = h("div", { class: `shade depth-${depth}` }, form);
  shade.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return shade;
}
