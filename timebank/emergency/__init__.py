"""Emergency (紧急救援): one case for every alarm, who is on duty, who comes, the clock until then; drills, call-ups."""
