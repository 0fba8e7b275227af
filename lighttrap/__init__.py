"""What at least two of lighttrap's programs need: the words, the wire, the rules and the store."""
