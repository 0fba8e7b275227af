"""What an officer sees: Streamlit pages that draw what the API says, and know nothing else."""
