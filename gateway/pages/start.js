// Starts GraphiQL on this server. A token given as /graphql#token=... goes into the headers and out of the address.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) history.replaceState(null, "", location.pathname + location.search);

const welcome = `# Passerelle. Every field is described: open the documentation on the left.
# Headers (below) need: {"Authorization": "Bearer TOKEN"}; \`passerelle token\` prints one.

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

// GraphiQL keeps the headers of every operation in its history, whatever `shouldPersistHeaders` says: a token must
// not outlive the page.
const withoutHeaders = (text) => {
  try {
    return JSON.stringify(JSON.parse(text, (key, value) => (key === "headers" ? undefined : value)));
  } catch {
    return text;
  }
};
const storage = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, withoutHeaders(value)),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
};

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
    storage,
    ...(token ? { headers: JSON.stringify({ Authorization: `Bearer ${token}` }) } : {}),
  }),
);
