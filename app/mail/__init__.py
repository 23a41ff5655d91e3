"""E-mail: messages to customers by SMTP."""
