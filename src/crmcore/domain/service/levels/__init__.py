"""Service levels: the targets of a case, until when, and whether they were met.

To be read in this order: ``policy`` (what may be promised), ``allowance`` (what a target allows),
``version`` (the policies of an organisation, version after version), ``timeline`` (a case's life in
instants), ``spans`` (what each target covers in it), ``clock`` (due, used, left, verdict) and
``target_clocks`` (which clocks there are, by which policies).  All pure.
"""
