"""Bank files: MT940, camt.053, Elixir-0, and whether statements prove themselves."""
