"""The ledger's benchmark: a fair machine, the same workload for every path, and each figure beside its bound."""
