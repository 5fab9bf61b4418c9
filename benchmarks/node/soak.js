// The peer of the soak test: graphql-ws on Node, over the same PostgreSQL. It follows the same feed and hands each
// message, read once, to whoever takes part; it checks the same token, but keeps no cursor and checks no further right.
import { createServer } from "node:http";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { readFileSync } from "node:fs";
import { importSPKI, jwtVerify } from "jose";
import pg from "pg";
import { WebSocketServer } from "ws";

const key = await importSPKI(readFileSync(process.env.BENCHMARK_KEY, "utf8"), "ES256");
const pool = new pg.Pool({ connectionString: process.env.BENCHMARK_DATABASE, max: 4 });
const listening = new Map();
let position = Number((await pool.query("SELECT coalesce(max(position), 0) AS last FROM feed_entry")).rows[0].last);

function hand(topic, event) {
  for (const push of listening.get(topic) ?? []) push(event);
}

let reading = false, again = false;
async function readOn() {
  if (reading) { again = true; return; }
  reading = true;
  do {
    again = false;
    const { rows } = await pool.query(
      `SELECT entry.position, entry.topics, message.body FROM feed_entry AS entry JOIN message ON message.id = entry.record_id
       WHERE entry.position > $1 AND entry.kind = 'MESSAGE' ORDER BY entry.position`, [position]);
    for (const row of rows) {
      position = Number(row.position);
      const event = { messageReceived: { cursor: Buffer.from(`[${position}]`).toString("base64"), message: { body: row.body } } };
      for (const topic of row.topics) hand(topic, event);
    }
  } while (again);
  reading = false;
}

const line = new pg.Client({ connectionString: process.env.BENCHMARK_DATABASE });
await line.connect();
line.on("notification", readOn);
await line.query("LISTEN passerelle_changed");

async function* events(topic) {
  const waiting = [];
  let wake = () => {};
  const push = (event) => { waiting.push(event); wake(); };
  if (!listening.has(topic)) listening.set(topic, new Set());
  listening.get(topic).add(push);
  try {
    for (;;) {
      while (waiting.length) yield waiting.shift();
      await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    listening.get(topic).delete(push);
  }
}

const message = new GraphQLObjectType({ name: "Message", fields: { body: { type: GraphQLString } } });
const event = new GraphQLObjectType({
  name: "MessageEvent", fields: { cursor: { type: GraphQLString }, message: { type: message } },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hello: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      messageReceived: {
        type: event,
        args: { afterCursor: { type: GraphQLString } },
        subscribe: (_root, _given, context) => events(context.extra.topic),
      },
    },
  }),
});

const http = createServer((_request, response) => response.end("ok"));
const sockets = new WebSocketServer({ server: http, path: "/graphql" });
useServer({
  schema,
  context: (context) => context,
  onConnect: async (context) => {
    const token = context.connectionParams.Authorization.slice("Bearer ".length);
    const { payload } = await jwtVerify(token, key);
    context.extra.topic = payload.schools?.[0] ?? payload.sub;
    return { cursor: Buffer.from(`[${position}]`).toString("base64") };
  },
}, sockets);
http.listen(Number(process.env.PORT), "127.0.0.1");
