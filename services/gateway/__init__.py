"""The only public door: GraphQL over HTTP and WebSocket. Stateless, without a database and without rules."""
