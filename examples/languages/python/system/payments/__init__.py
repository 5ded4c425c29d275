"""The payments system: what is configured, and what is made of it."""
