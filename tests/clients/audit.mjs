// Runs the audit of graphql-http (the reference implementation of GraphQL over HTTP) and prints one JSON line.
// node audit.mjs ADDRESS TOKEN
import { serverAudits } from "graphql-http";

const [address, token] = process.argv.slice(2);
const fetchFn = (url, options = {}) =>
  fetch(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } });
const found = [];
for (const audit of serverAudits({ url: `http://${address}`, fetchFn })) {
  const { status, reason } = await audit.fn();
  found.push({ id: audit.id, name: audit.name, status, reason });
}
console.log(JSON.stringify(found));
