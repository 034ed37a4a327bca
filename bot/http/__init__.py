"""What is reached by HTTP: Slack's requests in http mode, and the health check."""
