"""Ways to reach people: each takes one message and says what became of it. None of them knows the database."""
