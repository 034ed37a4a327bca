"""The human side and the process: Slack, HTTP, the command line, and the one place where things are put together."""
