"""The parts of a stack of recurrent layers, of which ``nn.recurrent`` is the whole.

``shape`` says how the layers fit together, ``weights`` what each owns, ``forward`` goes up the stack and
``backward`` down again by the ``cache`` that was kept; ``rows`` sorts ragged batches; ``norm`` and
``mogrifier`` are what may stand between and inside the layers.
"""
