"""Spark, started: a session on a master, or a refusal that says what is missing.

The Java process of Spark writes to a file that nobody sees: what a reader must know of it is said here in one
line. It ends with this process, however that ends, since it holds the other end of a pipe.
"""

import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qibi.base.findings import Refusal
from qibi.base.language import _

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"  # the master where none is given: all processors of this machine
_REACHED = 5  # seconds in which a standalone master has to take a connection
_ANSWERED = (
    120  # seconds in which a master has to take the program, and then a worker its first task
)
_SETTINGS = {
    "spark.app.name": "qibi rank",
    "spark.log.level": "ERROR",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, not another number
    "spark.sql.maxPlanStringLength": "10000",  # of plans that nobody reads
    "spark.ui.showConsoleProgress": "false",
}
# On one machine there are few processors to share the work, files are found and opened at once, and nobody
# watches: to list 520 files as a job of its own takes 15 s, in this process 0.4 s.
_LOCAL_SETTINGS = {
    "spark.sql.files.openCostInBytes": "65536",
    "spark.sql.shuffle.partitions": "16",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
    "spark.ui.enabled": "false",
}


@contextmanager
def session(master: str) -> Iterator["SparkSession"]:
    """A Spark session, stopped at the end.

    Raises `Refusal` where Spark or Java is missing, and where the master does not take the work.
    """
    _installed()
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    _reached(master)
    local = master == "local" or master.startswith(("local[", "local-cluster["))
    settings = {"spark.master": master, **_SETTINGS, **(_LOCAL_SETTINGS if local else {})}
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        gateway = _launched(conf, master, Path(folder, "java"))
        try:
            with _in_time(gateway, master):
                context = SparkContext(conf=SparkConf(_jvm=gateway.jvm), gateway=gateway)
            try:
                with _in_time(gateway, master):
                    context.range(1).count()
                yield SparkSession(context)
            finally:
                with suppress(Exception):  # it may have stopped already
                    context.stop()
        finally:
            with suppress(Exception):  # the other end may be gone
                gateway.shutdown()
            gateway.proc.kill()
            gateway.proc.wait()
            gateway.proc.stdin.close()
            SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


def _installed() -> None:
    for name in ("pyspark", "sqlglot"):
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise Refusal(
                _("--engine spark needs {name}, which is not installed").format(name=name),
                _("install it: pip install 'qibi[spark]'"),
            ) from None


def _reached(master: str) -> None:
    """Raise `Refusal` where no standalone master takes a connection: Spark itself tries for a minute."""
    if not master.startswith("spark://"):
        return
    reason = _("it is no URL such as spark://host:7077")
    for place in master.removeprefix("spark://").split(","):
        try:
            found = urlsplit(f"//{place}")
            if found.hostname and found.port:
                socket.create_connection((found.hostname, found.port), _REACHED).close()
                return
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        except ValueError:
            pass
    raise _refused(master, reason)


def _launched(conf: Any, master: str, log: Path) -> Any:
    """The gateway to a new Java process, whose output goes to a file."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    with log.open("wb") as output:
        try:
            streams = {"stdout": output, "stderr": output}
            return launch_gateway(conf, streams)  # type: ignore[no-untyped-call]  # PySpark's own
        except (PySparkRuntimeError, OSError):
            pass
    said = log.read_text("utf-8", "replace")
    if re.search(
        r"JAVA_HOME is not set|/java: (not found|No such file)|java: command not found", said
    ):
        raise Refusal(
            _("--engine spark needs Java, which was not found"),
            _("install Java 17 or later (OpenJDK), or set JAVA_HOME to the folder it is in"),
        )
    if re.search(
        r"UnsupportedClassVersionError|Unrecognized option|Could not create the Java", said
    ):
        raise Refusal(
            _("the Java that was found is too old for Spark, or can't run it"),
            _("install Java 17 or later (OpenJDK), or set JAVA_HOME to the folder it is in"),
        )
    raise _refused(master, _reason(said))


@contextmanager
def _in_time(gateway: Any, master: str) -> Iterator[None]:
    """End Spark where it does not answer in time; what it says goes into a `Refusal`."""
    late = []

    def give_up() -> None:
        late.append(True)
        gateway.proc.kill()

    timer = Timer(_ANSWERED, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if late:
            reason = _("no answer within {count} seconds").format(count=_ANSWERED)
            raise _refused(master, reason) from None
        raise _refused(master, reason_of(error)) from None
    finally:
        timer.cancel()


def reason_of(error: BaseException) -> str:
    """One line on why Spark gave up: the innermost cause that it names."""
    java = getattr(error, "java_exception", None)
    said = str(error)
    if java is not None:
        try:
            while (cause := java.getCause()) is not None:
                java = cause
            said = str(java.getMessage() or java.toString())
        except Exception:  # the Java process is gone: what came over is all there is
            pass
    return _reason(said)


def _reason(said: str) -> str:
    """The line of Spark's output that says why, without the names of Java classes before it."""
    lines = [line.strip() for line in said.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("at ", "WARNING", "Using"))]
    chosen = next((line for line in lines if "xception" in line or "rror" in line), None)
    chosen = chosen or next(iter(lines), "")
    return re.sub(
        r"^(Caused by: |Exception in thread \S+ |[\w.$]+(Exception|Error): )+", "", chosen
    )


def _refused(master: str, reason: str) -> Refusal:
    return Refusal(
        _("Spark can't work with the master {master}: {reason}").format(
            master=master, reason=reason
        ),
        _(
            "--master takes local[*] for this machine, or the URL of a running cluster: spark://host:7077, yarn"
        ),
    )
