"""陪诊: one appointment at a doctor's as linked parts: there, the wait, and home."""
