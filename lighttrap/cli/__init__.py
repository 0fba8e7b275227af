"""The command line: `lighttrap COMMAND`. One module a noun; `main` puts them together."""
