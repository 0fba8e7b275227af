"""Who may log in at the broker, and say and hear what: from the database into the files that Mosquitto reads."""
