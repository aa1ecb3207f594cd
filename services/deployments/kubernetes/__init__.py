"""The driver `kubernetes`: Airflows by the official Helm chart, a namespace each."""
