"""Fleets of protocol-true traps that do not exist, and real catches replayed the way traps would send them."""
