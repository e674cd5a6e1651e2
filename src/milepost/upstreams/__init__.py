"""Other people's servers that Milepost calls."""
