// Asks one query and listens to new messages with one of the clients that apps use; one JSON line for each answer.
// node listen.mjs CLIENT ADDRESS TOKEN COUNT
import { createClient as createSocketClient } from "graphql-ws";
import { createClient as createStreamClient } from "graphql-sse";
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import WebSocket from "ws";

const [name, address, token, count] = process.argv.slice(2);
const http = `http://${address}`;
const headers = { Authorization: `Bearer ${token}` };
const query = "query Me { viewer { kind } }";
const subscription = "subscription Messages { messageReceived { cursor message { body } } }";
let heard = 0;

function tell(answer) {
  console.log(JSON.stringify(answer.errors ? { errors: answer.errors } : answer.data));
  if (answer.data?.messageReceived && ++heard === Number(count)) process.exit(0);
}

const sink = { next: tell, error: (error) => { throw error; }, complete: () => {} };
const socket = () => createSocketClient({
  url: `ws://${address}`, webSocketImpl: WebSocket, connectionParams: headers,
});

const clients = {
  "graphql-ws": () => {
    const client = socket();
    client.subscribe({ query }, { ...sink, complete: () => client.subscribe({ query: subscription }, sink) });
  },
  "graphql-sse": () => {
    const client = createStreamClient({ url: http, headers });
    client.subscribe({ query }, { ...sink, complete: () => client.subscribe({ query: subscription }, sink) });
  },
  apollo: async () => {
    const link = ApolloLink.split(
      ({ operationType }) => operationType === "subscription",
      new GraphQLWsLink(socket()),
      new HttpLink({ uri: http, headers }),
    );
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    tell(await client.query({ query: gql(query) }));
    client.subscribe({ query: gql(subscription) }).subscribe(sink);
  },
  urql: async () => {
    const over = socket();
    const forward = ({ query, variables }) => ({
      subscribe: (one) => ({ unsubscribe: over.subscribe({ query, variables }, one) }),
    });
    const client = new Client({
      url: http,
      preferGetMethod: false,
      fetchOptions: { headers },
      exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription: forward })],
    });
    tell(await client.query(query, {}).toPromise());
    client.subscription(subscription, {}).subscribe(tell);
  },
};
clients[name]();
