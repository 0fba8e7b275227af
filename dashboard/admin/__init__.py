"""The parts of the admin page: who may do what stands in `parts`, and the API asks it again."""
