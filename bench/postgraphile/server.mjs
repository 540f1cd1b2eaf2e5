// PostGraphile 5 as its documentation sets it up for production, in one process or several.
// The tables of Scrip have few foreign keys; what belongs together is told by smart tags.

import cluster from "node:cluster";
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgSmartTagsPlugin } from "postgraphile/utils";

const link = (table, foreignKey) => ({ kind: "class", match: table, tags: { foreignKey } });

const tags = makePgSmartTagsPlugin([
  link("credit_grant", "(customer_id) references customer (id)"),
  link("ledger_entry", [
    "(customer_id) references customer (id)",
    "(credit_grant_id, customer_id) references credit_grant (id, customer_id)",
  ]),
]);

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tags],
  pgServices: [
    makePgService({
      connectionString: `postgres:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&user=${process.env.PGUSER}`,
      schemas: ["public"],
      poolConfig: { max: 10 },
    }),
  ],
  grafserv: { watch: false, graphiql: false, websockets: false, maxRequestLength: 1_000_000 },
  grafast: { explain: false },
};

if (cluster.isPrimary && Number(process.env.PROCESSES) > 1) {
  for (let n = 0; n < Number(process.env.PROCESSES); n += 1) cluster.fork();
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
} else {
  const server = createServer();
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(Number(process.env.PORT), "127.0.0.1");
}
