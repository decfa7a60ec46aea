"""The definition: what every rule means, written to be read. If it is unclear here, it is a bug here."""
