"""A Dask cluster that performs tasks: each worker in limited children of its own. Only over TLS, unless told otherwise.

Whoever reaches a scheduler without TLS runs functions as its user on every worker, where the tests and the secret are.
Over TLS scheduler, workers and caller show certificates of the course's own authority to each other. This package needs
Dask only here.
"""

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import temporary
from autograder.errors import SetupError

from .pool import Key, Pool
from .task import Answer, Task

FILES = ("ca.pem", "cert.pem", "key.pem")
"""The authority's certificate, the caller's certificate and the caller's key."""
RETRIES = 2
"""How often a task is given to another worker after its worker has died."""
_own = threading.local()


class ClusterError(SetupError):
    """The cluster cannot be used. The message says why, and what to do."""


@dataclass(frozen=True)
class Cluster:
    """A cluster.

    Attributes
    ----------
    address : str
        The scheduler's address.
    keys : Path
        A folder with the files `FILES`.
    insecure : bool
        Whether a scheduler without TLS is accepted.
    """

    address: str
    keys: Path
    insecure: bool = False

    def require_safe(self) -> None:
        """Check that the cluster can be reached over TLS.

        Raises
        ------
        ClusterError
            If it cannot.
        """
        if not self.address.startswith("tls://"):
            if self.insecure:
                return
            raise ClusterError(
                f"{self.address} is not reached over TLS, so everybody who can reach it could run code as you and read "
                "the secret: start the scheduler with TLS and give tls://..., or accept the risk with "
                "--allow-insecure-scheduler."
            )
        missing = [name for name in FILES if not (self.keys / name).is_file()]
        if missing:
            raise ClusterError(
                f"{', '.join(missing)} missing in {self.keys}: make keys as docs/cluster.md says, or name their folder "
                "with --keys."
            )
        key = self.keys / FILES[2]
        if os.name == "posix" and key.stat().st_mode & 0o077:
            raise ClusterError(f"Others may read {key}: run `chmod 600 {key}`.")

    def pool(self, most: int | None, loads: Sequence[Task] = ()) -> Pool:
        """Return a pool that performs tasks on the cluster."""
        return _OnCluster(self, most, loads)


class _OnCluster(Pool):
    def __init__(self, cluster: Cluster, most: int | None, loads: Sequence[Task]) -> None:
        super().__init__(most, loads)
        cluster.require_safe()
        self._cluster = cluster

    def run(self, tasks: Iterable[tuple[Key, Task]]) -> Iterator[tuple[Key, Answer]]:
        with self._client() as client:
            from distributed import as_completed

            asked = list(tasks)
            given = [task for _, task in asked]
            futures = client.map(perform, given, loads=self._loads, pure=False, retries=RETRIES)
            known = {future.key: key for future, (key, _) in zip(futures, asked, strict=True)}
            for future in as_completed(futures):
                yield known[future.key], future.result() if future.status == "finished" else Answer(ended="died")

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            import dask
            from distributed import Client, Security
        except ImportError:
            raise ClusterError("A cluster needs Dask: run `pip install 'autograder[cluster]'`.") from None
        ca, cert, key = (str(self._cluster.keys / name) for name in FILES)
        safe = Security(require_encryption=True, tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key)
        address = self._cluster.address
        with (
            temporary.folder("cluster") as own,  # Dask's usual one is everybody's
            dask.config.set({"temporary-directory": str(own)}),
        ):
            try:
                client = Client(address, security=safe if address.startswith("tls://") else None)
            except OSError as error:
                raise ClusterError(f"{address} cannot be reached with these keys ({type(error).__name__}).") from None
            with client:
                yield client


def perform(task: Task, loads: Sequence[Task]) -> Answer:
    """Perform a task in a limited child of this worker's process. Threads of a worker do not share children."""
    if getattr(_own, "loads", None) != loads:
        _own.loads, _own.pool = loads, Pool(1, loads)
    pool: Pool = _own.pool
    ((_, answer),) = pool.run([(None, task)])
    return answer
