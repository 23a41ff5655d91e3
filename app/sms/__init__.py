"""Text messages: to customers' phones, by a provider with an API like Twilio's."""
