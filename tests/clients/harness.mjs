// A server of Scrip as a process of its own, on a copy of a seeded database; as `harness.py`.

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

export const ADMIN_KEY = "My Bearer Token";
export const USD = "2714e483-4ff1-48e4-9e25-ac732e8f24f2";

/** Starts a server; `stop` ends it and fails if it complained or its books are wrong. */
export async function serve({ key = ADMIN_KEY, stripe = false, args = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "scrip-client-"));
  const database = join(folder, "scrip.db");
  copyFileSync(process.env.SCRIP_SEED, database);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("SCRIP_")),
  );
  env.DATABASE_URL = `sqlite://${database}?mode=rwc`;
  env.SCRIP_ADMIN_KEY = key;
  const stripePort = stripe ? await freePort() : undefined;
  const more = stripe ? ["--stripe-listen", `127.0.0.1:${stripePort}`] : [];
  const child = spawn(
    process.env.SCRIP_BINARY,
    ["serve", "--listen", "127.0.0.1:0", "--workers", "1", ...more, ...args],
    { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const logFile = join(folder, "log");
  child.stderr.pipe(createWriteStream(logFile));
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const url = await Promise.race([
    new Promise((resolve) =>
      createInterface(child.stdout).once("line", (line) => resolve(line.replace("listening on ", ""))),
    ),
    gone.then(() => assert.fail(`it does not start: ${readFileSync(logFile, "utf8")}`)),
  ]);
  const server = { url, stripePort, folder };

  server.graphql = async (query, variables = {}) => {
    const answer = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data;
  };
  server.mutate = async (name, fields, input) => {
    const kind = name[0].toUpperCase() + name.slice(1);
    const query = `mutation M($input: ${kind}Input!) { done: ${name}(input: $input) {
      ${fields} userErrors { field message code } } }`;
    const { done } = await server.graphql(query, { input });
    assert.deepEqual(done.userErrors, []);
    return done;
  };
  server.stop = async () => {
    child.kill("SIGKILL");
    await gone;
    const verified = spawnSync(process.env.SCRIP_BINARY, ["verify"], { cwd: folder, env, encoding: "utf8" });
    const log = readFileSync(logFile, "utf8").split("\n");
    rmSync(folder, { recursive: true, force: true });
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    assert.deepEqual(log.filter((line) => line.includes(" ERROR ") || line.includes("panicked")), []);
  };
  return server;
}

export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
