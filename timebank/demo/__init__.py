"""The demo district: Wulong's 26 real townships with invented villages, people and months of history."""
