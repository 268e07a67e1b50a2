"""Changes of life at the office: open cases, what the dead left, and entries that are one person."""
