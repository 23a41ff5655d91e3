"""Which location serves which units: a pure decision over candidates and demand."""
