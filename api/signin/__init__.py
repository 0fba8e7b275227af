"""Where people log in with a browser: one light page, for the dashboard and whatever else stands on this host."""
