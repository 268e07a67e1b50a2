"""Published instances, generated rural days, peers, and the runners that compare them."""
