"""`crmcore`: what there is to send and to receive."""
