"""Data from elsewhere: bulk imports with quarantine instead of silent loss."""
