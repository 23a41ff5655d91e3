"""Who acts: roles, scopes, POS devices and revoked sessions."""
