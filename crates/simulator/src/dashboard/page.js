"use strict";
const at = (id) => document.getElementById(id);

// Texts only ever become text nodes: names and parameters are whatever a script sent.
function make(name, content, kind) {
  const node = document.createElement(name);
  if (kind) node.className = kind;
  for (const part of Array.isArray(content) ? content : [content]) {
    if (part !== null && part !== undefined) node.append(part);
  }
  return node;
}

function facts(status) {
  const shown = [["Time", status.time], ["Balance", status.balance.toLocaleString("en", { minimumFractionDigits: 2 })], ["Seed", status.seed]];
  at("facts").replaceChildren(...shown.map(([name, value]) => make("div", [make("dt", name), make("dd", String(value))])));
}

const isOpen = new Set();

function label(item) {
  if (item === null || typeof item !== "object") return [String(item), ""];
  const id = item.id ?? item.name ?? JSON.stringify(item);
  const name = typeof item.value === "string" ? item.value : item.id === undefined ? "" : item.name ?? "";
  return [name === "" ? String(id) : name + "  " + id, String(item.status ?? item.state ?? item.power ?? "")];
}

function resources(services) {
  const nodes = [];
  for (const [service, kinds] of Object.entries(services)) {
    nodes.push(make("h3", service));
    for (const [kind, { count, newest }] of Object.entries(kinds)) {
      const key = service + "." + kind;
      const details = make("details", [make("summary", [kind.replaceAll("_", " "), make("b", count.toLocaleString("en"))])]);
      details.open = isOpen.has(key);
      details.addEventListener("toggle", () => (details.open ? isOpen.add(key) : isOpen.delete(key)));
      const items = newest.map(label).map(([name, state]) => make("li", [make("span", name), make("span", state)]));
      if (count > newest.length) items.push(make("li", "and " + (count - newest.length).toLocaleString("en") + " older"));
      details.append(make("ol", items));
      nodes.push(details);
    }
  }
  if (nodes.length > 0) at("resources").replaceChildren(...nodes);
}

// A row shows its last cell in one line until it is clicked.
function row(key, cells) {
  const node = make("tr", cells, isOpen.has(key) ? "open" : "");
  node.addEventListener("click", () => {
    if (getSelection().toString() !== "") return;
    node.classList.toggle("open") ? isOpen.add(key) : isOpen.delete(key);
  });
  return node;
}

function task(one) {
  const progress = document.createElement("progress");
  if (one.part !== null) progress.value = one.part;
  const isRunning = one.part === null || one.part < 1;
  const kind = one.failed ? "bad" : isRunning ? "busy" : "good";
  const id = one.id.length > 12 ? one.id.slice(0, 8) + "…" : one.id;
  const about = [one.failure ? make("span", one.failure, "bad") : null, make("span", one.resources.join(", "))];
  return row("task " + one.id, [make("td", one.kind), make("td", one.status, kind), make("td", isRunning ? progress : ""), make("td", id, "number"), make("td", about)]);
}

function request(one) {
  const ok = one.status !== null && one.status < 400;
  const given = Object.entries(one.parameters ?? {}).map(([name, value]) => name + "=" + (typeof value === "string" ? value : JSON.stringify(value)));
  const ignored = Object.entries(one.ignored).map(([name, why]) => name + " (" + why + ")");
  const details = [one.fault ? make("span", one.fault, "fault") : null, ignored.length > 0 ? make("span", "ignored: " + ignored.join(", "), "busy") : null, ok ? null : make("span", one.code, "bad"), make("span", given.join("  "))];
  const status = one.status === null ? "—" : String(one.status);
  return row("request " + one.request_id, [make("td", one.time.slice(11, 19), "time"), make("td", status, ok ? "good" : "bad"), make("td", one.action ?? one.method + " " + one.path), make("td", details)]);
}

function rows(id, items, show) {
  at(id).tBodies[0].replaceChildren(...items.map(show));
  at("no-" + id).hidden = items.length > 0;
}

let last = "";

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch("/_sim/status");
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      if (text !== last) {
        last = text;
        const status = JSON.parse(text);
        facts(status);
        resources(status.services);
        rows("tasks", status.tasks, task);
        rows("requests", status.requests, request);
        at("running").textContent = status.running > 0 ? status.running + " running" : "";
        at("counted").textContent = status.request_count > 0 ? status.request_count.toLocaleString("en") + " so far" : "";
      }
    }
    at("state").textContent = "live";
    at("state").className = "";
  } catch {
    at("state").textContent = "ended";
    at("state").className = "lost";
  }
  setTimeout(look, 700);
}

at("address").textContent = location.origin;
look();
