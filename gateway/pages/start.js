// Starts GraphiQL on this server. A token given as /graphql#token=... goes into the headers and out of the address.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) history.replaceState(null, "", location.pathname + location.search);

const welcome = `# Passerelle. Every field is described: open the documentation on the left.
# Headers (below) need: {"Authorization": "Bearer TOKEN"}; \`passerelle token --guardian\` prints one.

query MyChildren {
  viewer {
    students {
      displayName
      schoolClass { name }
      nextLesson { title startsAt rooms { name } }
      homework(range: NEXT_7_DAYS, first: 3) {
        nodes { dueDate subject { name } descriptionText }
      }
    }
  }
}
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({
      url: location.pathname,
      // Subscriptions send the headers below as their connection parameters.
      subscriptionUrl: `${location.protocol.replace("http", "ws")}//${location.host}${location.pathname}`,
    }),
    defaultQuery: welcome,
    defaultHeaders: JSON.stringify({ Authorization: `Bearer ${token ?? "TOKEN"}` }),
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
    ...(token ? { headers: JSON.stringify({ Authorization: `Bearer ${token}` }) } : {}),
  }),
);
