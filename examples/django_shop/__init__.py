"""A web shop on Django whose invoices (ORM) and our events commit together, or not at all.

    export SHOP_DB=postgresql://user@host/name DJANGO_SETTINGS_MODULE=examples.django_shop.settings
    django-admin migrate --run-syncdb --pythonpath .
    django-admin runserver --pythonpath .

Django owns the connection and the transaction; crmcore joins it.
"""
