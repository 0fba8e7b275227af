"""The store: one module beside each file of `lighttrap.sql`. Functions never commit; transactions belong to callers."""
