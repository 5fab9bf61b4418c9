// Follows new messages: one JSON line each. Start it again at any time, it goes on where it stopped.
// node follow-messages.mjs ws://127.0.0.1:8000/graphql TOKEN cursor.txt
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, stored] = process.argv.slice(2);
const query = `subscription ($after: String) {
  messageReceived(afterCursor: $after) { cursor message { id authorName sentAt body } } }`;
const read = () => (existsSync(stored) ? readFileSync(stored, "utf8") : null);

for (;;) {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0, // each attempt of ours begins at the cursor that is stored by then
    // From now on at first; a connection lost before the first message is no gap.
    on: { connected: (_socket, payload) => read() ?? writeFileSync(stored, payload.cursor) },
  });
  try {
    for await (const { data, errors } of client.iterate({ query, variables: { after: read() } })) {
      if (errors) throw errors; // not permitted, or the cursor is too old: a person has to look
      console.log(JSON.stringify(data.messageReceived.message));
      writeFileSync(stored, data.messageReceived.cursor); // last: after a crash one may come twice, none is lost
    }
  } catch (error) {
    if (Array.isArray(error)) throw error;
    if (error.code === 4403) {
      console.error(`Sign in again, with a new token: ${error.reason}`);
      process.exit(1);
    }
    console.error(`Connection lost, again in a second: ${error.code} ${error.reason ?? error.message ?? ""}`);
  }
  await client.dispose();
  await pause(1000);
}
