"""The training loop: batches, update rules, learning rate decay, accuracies, and the best parameters.
It works with any model that has `params` and `loss(X, y)`. Given complete; read it."""

import numpy as np

from . import optim


class Solver:
    """Trains a model by stochastic gradient descent with one of the update rules of `optim`.

    Use it like this:

        data = {"X_train": ..., "y_train": ..., "X_val": ..., "y_val": ...}
        model = TwoLayerNet(hidden_dim=100, reg=10)
        solver = Solver(model, data, update_rule="sgd", optim_config={"learning_rate": 1e-3}, lr_decay=0.95)
        solver.train()

    How it works: `train` calls `_step` once per iteration. Each step draws a random batch, asks the model for the loss
    and the gradients, and lets the update rule move every parameter. `optim_configs` keeps the rule's memory (such as
    a velocity) separately for each parameter. At the end of each epoch (and after the first and the last iteration)
    the accuracies are measured, and the parameters with the best validation accuracy are remembered.

    The model needs two things: `model.params`, a dictionary of arrays, and `model.loss`, where `loss(X)` gives scores
    of shape (N, C), and `loss(X, y)` gives the loss and a dictionary of gradients under the names of `params`.

    Attributes
    ----------
    loss_history : list of float
        The loss of each iteration's batch.
    train_acc_history, val_acc_history : list of float
        Accuracies after the first iteration, after each epoch and after the last iteration.
    best_val_acc : float
        The best of `val_acc_history`.
    best_params : dict
        The parameters with this accuracy. After `train`, `model.params` are these parameters.
    epoch : int
        Number of finished epochs.
    """

    def __init__(
        self,
        model,
        data,
        *,
        update_rule="sgd",
        optim_config=None,
        lr_decay=1.0,
        batch_size=100,
        num_epochs=10,
        num_train_samples=1000,
        num_val_samples=None,
        checkpoint_name=None,
        print_every=10,
        verbose=True,
        **unknown,
    ):
        """Prepare the training; nothing is computed yet.

        Parameters
        ----------
        model : object
            The model, as described above.
        data : dict
            `X_train`, `y_train`, `X_val` and `y_val`: pictures and labels for training and for validation.
        update_rule : str
            Name of a function in `optim`.
        optim_config : dict, optional
            Hyperparameters of the update rule, such as `learning_rate`; the others have the rule's defaults.
        lr_decay : float
            The learning rate is multiplied by this factor at the end of each epoch.
        batch_size : int
            Number of pictures in a batch.
        num_epochs : int
            Number of passes over the training pictures.
        num_train_samples, num_val_samples : int or None
            Number of pictures on which the accuracies are measured; None takes them all.
        checkpoint_name : str, optional
            If given, `<checkpoint_name>_epoch_<n>.npz` is written each time the accuracies are measured.
        print_every : int
            The loss is printed once in this many iterations.
        verbose : bool
            False prints nothing.

        Raises
        ------
        ValueError
            If there is no such argument or update rule.
        """
        if unknown:
            names = ", ".join(repr(name) for name in sorted(unknown))
            raise ValueError(f"Solver has no argument {names}")
        rule = None if update_rule.startswith("_") else getattr(optim, update_rule, None)
        if not callable(rule):
            raise ValueError(f"there is no update rule {update_rule!r} in cs231n/optim.py")

        self.model = model
        self.X_train, self.y_train = data["X_train"], data["y_train"]
        self.X_val, self.y_val = data["X_val"], data["y_val"]

        self.update_rule = rule
        self.optim_config = dict(optim_config or {})
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.num_epochs = num_epochs
        self.num_train_samples = num_train_samples
        self.num_val_samples = num_val_samples
        self.checkpoint_name = checkpoint_name
        self.print_every = print_every
        self.verbose = verbose
        self._reset()

    def _reset(self):
        """Clear the histories, and give each parameter its own copy of the update rule's configuration."""
        self.epoch = 0
        self.best_val_acc = 0.0
        self.best_params = {}
        self.loss_history = []
        self.train_acc_history = []
        self.val_acc_history = []
        self.optim_configs = {}
        for name in self.model.params:
            # A NumPy float64 among the settings would turn float32 parameters into float64; a Python float does not.
            config = {k: v.item() if isinstance(v, np.generic) else v for k, v in self.optim_config.items()}
            self.optim_configs[name] = config

    def _step(self):
        """Make one iteration: draw a batch, compute its gradients, and update every parameter once."""
        batch = np.random.choice(len(self.X_train), self.batch_size)
        loss, grads = self.model.loss(self.X_train[batch], self.y_train[batch])
        self.loss_history.append(float(loss))

        for name, w in self.model.params.items():
            next_w, next_config = self.update_rule(w, grads[name], self.optim_configs[name])
            self.model.params[name] = next_w
            self.optim_configs[name] = next_config

    def _decay_learning_rates(self):
        """Lower the learning rate of every parameter."""
        for config in self.optim_configs.values():
            if "learning_rate" in config:
                config["learning_rate"] *= self.lr_decay

    def _measure(self):
        """Measure both accuracies, and remember the parameters if their validation accuracy is the best so far."""
        train_acc = self.check_accuracy(self.X_train, self.y_train, num_samples=self.num_train_samples)
        val_acc = self.check_accuracy(self.X_val, self.y_val, num_samples=self.num_val_samples)
        self.train_acc_history.append(train_acc)
        self.val_acc_history.append(val_acc)
        if val_acc > self.best_val_acc or not self.best_params:
            self.best_val_acc = val_acc
            self.best_params = {name: w.copy() for name, w in self.model.params.items()}
        self._save_checkpoint()
        if self.verbose:
            print(
                f"epoch {self.epoch} of {self.num_epochs}: "
                f"accuracy {train_acc:.3f} in training, {val_acc:.3f} in validation"
            )

    def _save_checkpoint(self):
        """Write the state of the training, if there is a checkpoint name, as plain arrays that `np.load` reads.

        The names in the file are `params/<parameter>`, `optim/<parameter>/<entry>`, `epoch`, `loss_history`,
        `train_acc_history` and `val_acc_history`. Entries other than numbers, arrays and text are left out.
        """
        if self.checkpoint_name is None:
            return
        arrays = {f"params/{name}": w for name, w in self.model.params.items()}
        for name, config in self.optim_configs.items():
            for key, value in config.items():
                if not np.asarray(value).dtype.hasobject:
                    arrays[f"optim/{name}/{key}"] = np.asarray(value)
        for key in ("epoch", "loss_history", "train_acc_history", "val_acc_history"):
            arrays[key] = np.asarray(getattr(self, key))
        path = f"{self.checkpoint_name}_epoch_{self.epoch}.npz"
        if self.verbose:
            print(f"Saving the checkpoint {path}")
        np.savez(path, **arrays)

    def check_accuracy(self, X, y, num_samples=None, batch_size=100):
        """Return the fraction of the pictures that the model classifies correctly.

        Parameters
        ----------
        X : array, shape (N, d1, ..., dk)
            Pictures.
        y : integer array, shape (N,)
            Labels.
        num_samples : int, optional
            Measure on this many pictures, chosen at random; None, or at least N, takes them all.
        batch_size : int
            Show the model this many pictures at a time, to save memory.

        Returns
        -------
        accuracy : float
        """
        if num_samples is not None and num_samples < len(X):
            sample = np.random.choice(len(X), num_samples, replace=False)
            X, y = X[sample], y[sample]
        batches = [X[start : start + batch_size] for start in range(0, len(X), batch_size)]
        predictions = [np.argmax(self.model.loss(batch), axis=1) for batch in batches]
        return float(np.mean(np.concatenate(predictions) == y))

    def train(self):
        """Train the model, and give it the parameters with the best validation accuracy at the end."""
        iterations_per_epoch = max(len(self.X_train) // self.batch_size, 1)
        num_iterations = self.num_epochs * iterations_per_epoch

        for it in range(num_iterations):
            self._step()
            if self.verbose and it % self.print_every == 0:
                print(f"iteration {it + 1} of {num_iterations}: loss {self.loss_history[-1]:.4f}")

            epoch_ends = (it + 1) % iterations_per_epoch == 0
            if epoch_ends:
                self.epoch += 1
                self._decay_learning_rates()
            if it == 0 or it == num_iterations - 1 or epoch_ends:
                self._measure()

        if self.best_params:
            self.model.params = self.best_params
