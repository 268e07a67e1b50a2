"""django-hordak on the same workload, run by the Python of an environment that has it: one line of JSON.

Each post locks the giving member, checks the balance, and carries a unique key (the transaction's uuid).
"""

import json
import multiprocessing as mp
import sys
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ledger_bench.steps import MEMBERS, OPENING, steps


def django_at(host: str, name: str) -> None:
    """Point Django at the database."""
    import django
    from django.conf import settings

    database = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": name, "USER": "timebank"}
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"]
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=apps,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        CURRENCIES=["EUR"],
    )
    django.setup()


def lay_out() -> None:
    """Its tables, the members with their opening hours, the pool."""
    from django.core.management import call_command
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        pool = Account.objects.create(name="pool", code="1", type="LI", currencies=["EUR"])
        for number in range(MEMBERS):
            member = Account.objects.create(name=f"acc_{number:026d}", type="LI", currencies=["EUR"])
            member.transfer_to(pool, Money(OPENING, "EUR"))


def client(seed: int, seconds: float, barrier: Any, results: Any) -> None:
    """Post until the time is over."""
    from django.db import connection, transaction
    from hordak.models import Account
    from moneyed import Money

    connection.close()
    ids = {account.name: account.pk for account in Account.objects.all()}

    def post(giver: str, getter: str, minutes: int) -> bool:
        amount = Money(minutes, "EUR")
        with transaction.atomic():
            accounts = Account.objects.select_for_update(no_key=True) if giver != "pool" else Account.objects
            source, target = accounts.get(pk=ids[giver]), Account.objects.get(pk=ids[getter])
            if giver != "pool" and source.get_simple_balance()["EUR"] < amount:
                return False
            target.transfer_to(source, amount, uuid=uuid.uuid4())
        return True

    work = steps(seed, pool="pool")
    for _ in range(30):
        post(*next(work))
    barrier.wait()
    took, begin = [], time.perf_counter()
    while time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        if post(*next(work)):
            took.append(time.perf_counter() - before)
    results.put((len(took) / (time.perf_counter() - begin), took))


def main(host: str, name: str, clients: int, seconds: float) -> None:
    """Measure; without clients, lay out."""
    django_at(host, name)
    if not clients:
        lay_out()
        return
    context = mp.get_context("fork")
    barrier, results = context.Barrier(clients), context.Queue()
    workers = [context.Process(target=client, args=(seed, seconds, barrier, results)) for seed in range(clients)]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    took = sorted(second for _, part in found for second in part)
    told = {"per_second": sum(rate for rate, _ in found), "p99_ms": took[len(took) * 99 // 100] * 1000}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
