"""A campaign, from the plan over approval and launch to its end.

``messages`` says what can be asked and what can happen, ``state`` how it is folded; ``planning``
(plan, budget, dates, lists) and ``running`` (approval, launch, pause, costs, end) decide, brought
together in ``decisions``.

The stream stays short however many people are addressed: each member has a stream of its own
(``membership``), and the campaign knows of its audience only the lists and their sizes.
"""
