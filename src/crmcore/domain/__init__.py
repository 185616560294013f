"""The domain: what is true of customers, sales and service, whatever stores it or shows it."""
