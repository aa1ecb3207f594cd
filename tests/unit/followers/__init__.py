"""What followers do without a server: failures, pacing, order, and the form of what is published."""
