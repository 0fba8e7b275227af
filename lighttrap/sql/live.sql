-- listen --
LISTEN lighttrap_live
