"""The base class of all nets: it remembers the constructor's arguments, so that a saved net can be rebuilt.
Given complete."""

import copy
import inspect


class Model:
    """A classifier with its parameters in `params` and a method `loss(X, y=None)`.

    Attributes
    ----------
    arguments : dict
        The constructor's arguments by name, defaults included: `type(model)(**model.arguments)` is a new model of
        the same architecture. It is filled before the constructor runs; subclasses need not do this.
    params : dict
        Names to arrays. Subclasses fill it in their constructor.
    """

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        self.arguments = {}
        signature = inspect.signature(cls.__init__)
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError:  # wrong arguments (the constructor raises its own error), or a copy is being made
            return self
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:  # without self
            if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                self.arguments.update(copy.deepcopy(value))
            else:
                self.arguments[name] = copy.deepcopy(value)
        return self
