"""District, township, village, villager group; and the days that matter there (holidays, market days, closures)."""
