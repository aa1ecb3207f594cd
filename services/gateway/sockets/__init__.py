"""GraphQL over WebSocket: the protocol of Houston's time and the present one."""
