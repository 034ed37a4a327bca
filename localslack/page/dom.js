// Builds nodes. Text goes in as text nodes only, so nothing an app sends can become markup.

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") for (const [key, item] of Object.entries(value)) { if (item !== undefined && item !== null) node.dataset[key] = item; }
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

// Replaces the children of a list, keeping the nodes whose key and signature are unchanged.
export function patch(list, items, key, signature, build) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const name = key(item);
    const mark = signature(item);
    const kept = old.get(name);
    if (kept && kept.signature === mark) return kept;
    const node = build(item);
    node.dataset.key = name;
    node.signature = mark;
    return node;
  });
  if (nodes.length === list.children.length && nodes.every((node, i) => node === list.children[i])) return;
  const back = focusIn(list);
  list.replaceChildren(...nodes);
  back();
}

// A redraw must not take away what somebody is typing in: returns how to put the focus and the typed text back.
function focusIn(list) {
  const active = document.activeElement;
  const owner = list.contains(active) && active.closest("[data-action-id]");
  if (!owner) return () => {};
  const row = [...list.children].find((node) => node.contains(active)).dataset.key;
  return () => {
    if (list.contains(active)) return active.focus({ preventScroll: true });
    const now = [...list.children].find((node) => node.dataset.key === row)?.querySelector(`[data-action-id="${CSS.escape(owner.dataset.actionId)}"]`);
    const alike = now ? [...now.querySelectorAll(active.tagName)] : [];
    const target = owner === active ? now : alike.find((node) => node.value === active.value) || alike[0];
    if (!target) return;
    target.focus({ preventScroll: true });
    if (owner.classList.contains("external") && active.value && active.tagName === "INPUT") {
      target.value = active.value;
      target.dispatchEvent(new Event("input"));
    }
  };
}

export async function act(body) {
  try {
    const answer = await fetch("/page/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    return await answer.json();
  } catch {
    return { ok: false, error: "offline" };
  }
}
