// Starts GraphiQL on this gateway: queries by HTTP, subscriptions by WebSocket with the token of the headers editor.
(function () {
  "use strict";

  var query =
    "# Sign in, then put the token into the headers below:\n" +
    '#   {"Authorization": "<token>"}\n' +
    "query Me {\n  self {\n    user { id username status }\n    isAdmin\n  }\n}\n";

  function socketUrl() {
    return location.origin.replace(/^http/, "ws") + "/ws";
  }

  function tokenOf(headers) {
    var name = Object.keys(headers || {}).find(function (key) {
      return key.toLowerCase() === "authorization" || key.toLowerCase() === "authentication";
    });
    return name ? headers[name] : "";
  }

  function fetcher(params, options) {
    var headers = (options && options.headers) || {};
    var client = graphqlWs.createClient({
      url: socketUrl(),
      lazy: true,
      connectionParams: { authorization: tokenOf(headers) },
    });
    return GraphiQL.createFetcher({ url: location.origin + "/v1", wsClient: client })(params, options);
  }

  ReactDOM.createRoot(document.getElementById("playground")).render(
    React.createElement(GraphiQL, { fetcher: fetcher, defaultQuery: query, defaultEditorToolsVisibility: "headers" })
  );
})();
