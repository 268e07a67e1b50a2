"""One start page per role that answers "what must I do now?"; only reads."""
