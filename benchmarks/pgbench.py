"""Measure the database alone, with the statement that records an event."""

import re
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks import tuning
from webhooks.events import Event
from webhooks.intake.record import RECORD
from webhooks.privacy.suppression import erasure_condition
from webhooks.testing.servers import postgresql_program

# What differs from one event to the next; the body goes over the wire each time, as it does
# from the endpoint. The rest is as in a row that the endpoint recorded.
DIFFERING = {
    "event_id": "'evt_' || :unique",
    "object_id": "'in_' || :unique",
    "customer_id": "'cus_' || :unique",
    "sha256": "encode(sha256(int8send(:unique)), 'hex')",
    "body": "convert_to(:body, 'UTF8')",
    "received_at": "now()",
    "last_received_at": "now()",
    "available_at": "now()",
}


def write_script(database: str, path: Path) -> str:
    """Write the script after the example of a row in the table, and return the body to give it."""
    columns = re.findall(r"\w+", RECORD.partition("(")[2].partition(")")[0])
    with psycopg.connect(database) as connection:
        literals = sql.SQL(", ").join(
            sql.SQL("quote_nullable({}::text)").format(sql.Identifier(name)) for name in columns
        )
        query = sql.SQL("SELECT {}, convert_from(body, 'UTF8') FROM webhooks_webhookevent LIMIT 1")
        *values, body = connection.execute(query.format(literals)).fetchone() or ()
    example = dict(zip(columns, values, strict=True))
    row = [DIFFERING.get(name, example[name]) for name in columns]
    named = Event(provider="", id="", type="", payload={}, customer_id=DIFFERING["customer_id"])
    condition, [customer, *_] = erasure_condition(named)
    scope = [example[name] for name in ("provider", "account", "livemode")]
    deliveries = "1"
    statement = (RECORD + condition) % (*row, deliveries, customer, *scope)
    path.write_text(f"\\set unique random(1, 9000000000000000)\n{statement};\n")
    return str(body)


def run_pgbench(database: str, script: Path, body: str, seconds: int) -> tuple[int, float]:
    """Return the number of events that pgbench recorded, and their number per second."""
    # Prepared, as the endpoint's connections have the statement prepared, too.
    command = [str(postgresql_program("pgbench")), "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={tuning.PGBENCH_CLIENTS}", f"--jobs={tuning.LOAD_THREADS}"]
    command += [f"--time={seconds}", f"--file={script}", f"--define=body={body}", database]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if count is None or rate is None:
        raise RuntimeError(done.stdout + done.stderr)
    return int(count[1]), float(rate[1])
