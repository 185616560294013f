"""A bicycle workshop: a product on crmcore, from its rules to its pages."""
