"""What can be asked, one file a resource. Each route is one call of the store."""
