"""The dashboard, which draws what the API says; not written yet."""
