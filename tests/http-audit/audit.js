// node audit.js URL KEY: runs all audits of graphql-http; a line for each that is not ok.
import { auditServer } from "graphql-http";

const [url, key] = process.argv.slice(2);
const results = await auditServer({
  url,
  fetchFn: (target, init = {}) =>
    fetch(target, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } }),
});
const failed = results.filter((result) => result.status !== "ok");
for (const result of failed) {
  console.log(`${result.id} ${result.status}: ${result.name}: ${result.reason}`);
}
console.log(`${results.length - failed.length} of ${results.length} audits are ok`);
