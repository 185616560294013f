"""The read models of sales: orders, leads and opportunities, a row each."""
