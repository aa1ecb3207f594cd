"""What follows the event store: projections, policies with their workers, the publisher and consumers."""
