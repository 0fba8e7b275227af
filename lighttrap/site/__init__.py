"""A site: the folder with everything that one installation has for itself, made once by `lighttrap init`."""
