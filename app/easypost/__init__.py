"""EasyPost: many carriers behind one API (https://docs.easypost.com, API v2)."""
