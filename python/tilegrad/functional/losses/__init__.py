"""Losses: what the registry and the compositions say of them, as functions of (prediction, target).

* ``checks``: what a user brings, looked at once, each mistake with its error message;
* ``entries``: what there is: the losses of the compiled core and the compositions, described alike;
* ``rows``, ``distributions``, ``similarity``, ``overlap``, ``angular``: the compositions by family;
* ``traced``: a loss with its weights and its reduction in a trace;
* ``evaluation``: a loss of arrays: its settings, its checks, its compiled body;
* ``functions``: the functions of ``tilegrad.functional``, written from the entries by a script.
"""
