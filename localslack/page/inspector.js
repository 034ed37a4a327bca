// The traffic between Slack and the app, what the app did wrong, and bad days on order.

import { icon } from "./icons.js";
import { act, fill, h, patch } from "./dom.js";

const TABS = [["traffic", "Traffic"], ["problems", "Problems"], ["faults", "Faults"]];

export function inspector(node, ctx, lines, tab) {
  if (!tab) {
    node.tab = null;
    return void fill(node);
  }
  if (node.tab !== tab) {
    node.tab = tab;
    node.body = h("div", { class: "inspector-body" });
    fill(node, h("header", { class: "bar" }, h("div", { class: "tabs", role: "tablist" }, TABS.map(([name, label]) => h("button", { type: "button", role: "tab", "aria-selected": String(name === tab), onclick: () => ctx.go({ inspect: name }) }, label))),
      h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => ctx.go({ inspect: null }) }, icon("close"))), node.body);
    if (tab === "faults") fill(node.body, faultForm(ctx), (node.planned = h("div", { class: "planned" })));
  }
  if (tab === "traffic") patch(node.body, [...lines].reverse(), (line) => String(line.number), (line) => JSON.stringify([line.ok, line.ms, line.error]), lineNode);
  else if (tab === "problems") problems(node.body, ctx);
  else planned(node.planned, ctx);
}

const arrow = { call: "→", delivery: "←", response_url: "→" };

function lineNode(line) {
  const waiting = line.kind === "delivery" && !line.ok && !line.error;
  const verdict = waiting ? "…" : line.ok ? "ok" : line.error || (line.answer && line.answer.error) || String(line.status ?? "");
  const what = line.kind === "delivery" ? subject(line) : line.args.channel || line.args.user || line.args.user_id || "";
  return h("details", { class: `line ${line.ok ? "good" : waiting ? "" : "bad"}` },
    h("summary", {}, h("span", { class: "arrow", title: line.kind === "delivery" ? "to the app" : "from the app" }, arrow[line.kind]), h("span", { class: "name" }, line.name), h("span", { class: "what" }, String(what)), h("span", { class: "verdict" }, verdict), h("span", { class: "ms" }, `${Math.round(line.ms)} ms`)),
    h("div", { class: "json" }, h("h4", {}, line.kind === "delivery" ? "Payload" : "Arguments"), h("pre", {}, JSON.stringify(line.args, null, 2)), h("h4", {}, line.kind === "delivery" ? "Acknowledgement" : "Answer"), h("pre", {}, JSON.stringify(line.answer, null, 2))));
}

function subject(line) {
  const body = line.args;
  const detail = body.command ? `${body.command} ${body.text}` : body.event ? body.event.type : body.actions ? body.actions[0].action_id : body.action_id ? `${body.action_id} ${JSON.stringify(body.value)}` : body.callback_id || (body.view && body.view.callback_id) || "";
  return `${detail}${line.user ? ` · ${line.user}` : ""}${line.attempt ? ` · retry ${line.attempt}` : ""}`;
}

function problems(node, ctx) {
  const items = [...ctx.state.problems].reverse();
  fill(node, items.length ? items.map((item) => h("div", { class: "line bad problem" }, h("b", {}, item.code), h("div", {}, item.detail))) : h("div", { class: "empty" }, "The app did nothing that Slack would refuse."));
}

const KINDS = [["fail", "Answer with an error"], ["status", "Answer with an HTTP status"], ["delay", "Wait before answering"], ["drop", "Carry out, then drop the answer"], ["duplicate", "Deliver the next payload twice"], ["order", "Hold the next payload back until the one after it"], ["handshake", "Refuse the next connection"], ["kill", "Break every socket"]];

function faultForm(ctx) {
  const field = (name, label, value) => h("label", { class: "fault-field", data: { for: name } }, label, h("input", { class: "text-input", name, value }));
  const kind = h("select", { class: "select", name: "kind" }, KINDS.map(([name, label]) => h("option", { value: name }, label)));
  const fields = { method: field("method", "Method (or *)", "chat.postMessage"), error: field("error", "Error", "internal_error"), code: field("code", "Status", "503"), seconds: field("seconds", "Seconds", "5"), times: field("times", "Times", "1") };
  const uses = { fail: ["method", "error", "times"], status: ["method", "code", "times"], delay: ["method", "seconds"], drop: ["method", "times"], duplicate: ["times"], order: ["times"], handshake: ["code", "times"], kill: [] };
  const form = h("form", { class: "fault-form", onsubmit: async (event) => {
    event.preventDefault();
    const data = Object.fromEntries(new FormData(form));
    await ctx.perform({ do: "fault", ...data });
  } }, kind, Object.values(fields), h("div", { class: "fault-buttons" }, h("button", { class: "button primary", type: "submit" }, "Order it"), h("button", { class: "button", type: "button", onclick: () => act({ do: "fault", kind: "clear", user: "" }) }, "Clear all")));
  const show = () => { for (const [name, node] of Object.entries(fields)) node.hidden = !uses[kind.value].includes(name); };
  kind.addEventListener("change", show);
  show();
  return form;
}

function planned(node, ctx) {
  const { plans, duplicates, holds, handshakes } = ctx.state.faults;
  const rows = Object.entries(plans).map(([name, plan]) => [name, [plan.errors.length && `${plan.errors.length} × ${plan.errors[0]}`, plan.statuses.length && `${plan.statuses.length} × HTTP ${plan.statuses[0][0]}`, plan.drops && `${plan.drops} × dropped answer`, plan.delay && `${plan.delay} s delay`].filter(Boolean).join(", ")]);
  if (duplicates) rows.push(["deliveries", `${duplicates} × twice`]);
  if (handshakes.length) rows.push(["connections", `${handshakes.length} × HTTP ${handshakes[0]}`]);
  if (holds) rows.push(["deliveries", `${holds} × out of order`]);
  fill(node, h("h4", {}, "Still to come"), rows.length ? rows.map(([name, text]) => h("div", { class: "line" }, h("b", {}, name), " ", text)) : h("p", {}, "Nothing."));
}
