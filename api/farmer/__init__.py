"""The farmer's page: one light document, without scripts, cookies or anything from elsewhere."""
