"""What can be asked about a member of a campaign, and what can happen: addressing, and results.

``counted`` says whether statistics count a fact: not for proof copies, tests and transactional
messages (INV-M11).  ``first`` marks the first counted fact of its kind, so that members (not
messages) can be counted by adding events up.
"""
