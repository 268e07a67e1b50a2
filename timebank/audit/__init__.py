"""What was done, by whom, when: append-only. Rows hold ids only, so that a lawful erasure never breaks the proof."""
