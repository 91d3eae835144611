"""Limited children: each task runs in a process of its own, with limits, whose death costs that task and nothing else.

``pool`` is the caller's side, ``coordinator`` the process that has loaded what all tasks need and forks a child for
each, ``child`` one such child, ``memory`` how many run at a time. They know nothing of judging: see ``judge.apart``.
"""
