"""What an approval is, who may decide, what follows, and how it is kept. Knows nothing of Slack or LangGraph."""
