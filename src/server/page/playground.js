// The playground: no library, no other host. The key is kept in this tab only.
"use strict";

const byId = (id) => document.getElementById(id);

// A link from the first start carries the key behind the #, which no browser sends.
const given = new URLSearchParams(location.hash.slice(1)).get("key");
if (given) {
  sessionStorage.setItem("scrip-key", given);
  history.replaceState(null, "", location.pathname);
}

const key = byId("key");
if (key) {
  key.value = sessionStorage.getItem("scrip-key") ?? "";
  key.addEventListener("change", () => {
    sessionStorage.setItem("scrip-key", key.value.trim());
    showSchema();
  });
  byId("run").addEventListener("click", run);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  byId("find").addEventListener("input", drawSchema);
  showSchema();
}

async function ask(query, variables) {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json",
      authorization: `Bearer ${key.value.trim()}`,
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: answer.status, body: await answer.json() };
}

async function run() {
  const result = byId("result");
  const status = byId("status");
  let variables = {};
  try {
    variables = JSON.parse(byId("variables").value.trim() || "{}");
  } catch (error) {
    status.textContent = `variables: ${error.message}`;
    return;
  }
  status.textContent = "…";
  const started = performance.now();
  try {
    const answer = await ask(byId("query").value, variables);
    status.textContent = `${answer.status}, ${Math.round(performance.now() - started)} ms`;
    result.textContent = JSON.stringify(answer.body, null, 2);
  } catch (error) {
    status.textContent = error.message;
  }
}

const INTROSPECTION = `query Schema {
  __schema { types {
    kind name description
    fields { name description args { name type { ...T } } type { ...T } }
    inputFields { name description type { ...T } }
    enumValues { name description }
  } }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

let types = [];

async function showSchema() {
  try {
    const answer = await ask(INTROSPECTION, {});
    types = answer.body.data?.__schema.types ?? [];
    if (answer.status === 401) {
      byId("schema").textContent = "Give a key to see the schema.";
      return;
    }
  } catch {
    types = [];
  }
  drawSchema();
}

function written(type) {
  if (type.kind === "NON_NULL") return `${written(type.ofType)}!`;
  if (type.kind === "LIST") return `[${written(type.ofType)}]`;
  return type.name;
}

function line(member) {
  if (!member.type) return member.name;
  const args = member.args?.length
    ? `(${member.args.map((arg) => `${arg.name}: ${written(arg.type)}`).join(", ")})`
    : "";
  return `${member.name}${args}: ${written(member.type)}`;
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function drawSchema() {
  const wanted = byId("find").value.trim().toLowerCase();
  const first = ["Query", "Mutation", "Subscription"];
  const rank = (type) => (first.includes(type.name) ? first.indexOf(type.name) : first.length);
  const drawn = types
    .filter((type) => !type.name.startsWith("__"))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
    .flatMap((type) => {
      const all = type.fields ?? type.inputFields ?? type.enumValues ?? [];
      const named = type.name.toLowerCase().includes(wanted);
      const members = named ? all : all.filter((member) => member.name.toLowerCase().includes(wanted));
      if (!named && members.length === 0) return [];
      const list = element("dl");
      if (type.description) list.append(element("dd", type.description));
      for (const member of members) {
        list.append(element("dt", line(member)));
        if (member.description) list.append(element("dd", member.description));
      }
      const entry = element("details", "", element("summary", `${type.name} (${type.kind.toLowerCase()})`), list);
      entry.open = wanted.length > 1 || type.name === "Query";
      return [entry];
    });
  byId("schema").replaceChildren(...drawn);
}
