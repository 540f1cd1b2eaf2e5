"""What is measured: each function fills rows of the table."""

import json
import shutil
import time

from . import reads
from .load import wrk
from .postgraphile import PostGraphile
from .scrip import KEY, Scrip
from .shell import TARGET, Failed, quiet, run


def alternate(rounds, legs):
    """Runs all legs one after the other, so many times: A B A B. Answers the means of each.

    A leg begins when the machine is quiet: a server may go on for seconds with what it was asked in the leg before.
    """
    found = {name: [] for name in legs}
    for _ in range(rounds):
        for name, leg in legs.items():
            # One round is for trying out: nothing is compared over time.
            if rounds > 1:
                quiet()
            found[name].append(leg())
    return {
        name: {field: sum(one[field] for one in all_) / len(all_) for field in all_[0]} for name, all_ in found.items()
    }


class Bench:
    """The databases, the servers and the table that grows."""

    def __init__(self, options, folder, postgres, program, report):
        self.options, self.folder, self.postgres = options, folder, postgres
        self.program, self.report = program, report
        self.seconds, self.rounds, self.many = options.seconds, options.rounds, options.connections
        self.scrip = Scrip(program, postgres.url("books"), folder, "scrip")

    def load(self):
        """Makes the books, and a copy of the same rows for the peers that write."""
        self.postgres.sql("postgres", "CREATE DATABASE books")
        said = self.scrip.generate(self.options.customers)
        self.report.note(f"data: {said.strip().splitlines()[-2]}")
        self.postgres.sql("books", "VACUUM ANALYZE")
        self.postgres.sql("postgres", "CREATE DATABASE peer TEMPLATE books")
        self.postgres.file("peer", "bench/load/setup.sql")
        self.ids = self.file("ids", self.postgres.sql("books", "SELECT id FROM customer ORDER BY id"))
        self.hot = self.file("hot", self.postgres.sql("books", "SELECT id FROM customer ORDER BY id LIMIT 1"))
        self.postgres.sql("postgres", "CHECKPOINT")

    def file(self, name, text):
        """Text as a file for wrk."""
        path = self.folder / name
        path.write_text(text + "\n")
        return path

    def wrk(self, kind, connections=None, ids=None, server=None, body=None, seconds=None, warm=False):
        """Load on a server, Scrip unless another is named."""
        url = (server or self.scrip).url
        return wrk(url, KEY, kind, ids or self.ids, connections or self.many, seconds or self.seconds, kind, body, warm)

    def drawdowns(self, kind, connections, ids=None, each=1):
        """Drawdowns by GraphQL; the database has to hold what was answered."""
        before = int(self.postgres.sql("books", "SELECT sum(last_sequence) FROM account"))
        told = self.wrk(kind, connections, ids)
        made = int(self.postgres.sql("books", "SELECT sum(last_sequence) FROM account")) - before
        if made < told["requests"] * each:
            raise Failed(f"{kind}: {told['requests']} answers of {each}, but {made} entries")
        return {**told, "rate": told["rate"] * each}

    def pgbench(self, script, clients, customers):
        """The peer: the same drawdown by SQL."""
        return self.postgres.bench("peer", script, clients, self.seconds, customers=customers)

    def writes(self):
        """Drawdowns against pgbench."""
        self.scrip.start()
        every, peer = self.options.customers, self.pgbench
        self.wrk("draw", seconds=2, warm=True)
        peer("transaction.sql", 32, every)
        m = alternate(
            self.rounds,
            {
                "draw": lambda: self.drawdowns("draw", self.many),
                "transaction": lambda: peer("transaction.sql", 32, every),
                "batch": lambda: self.drawdowns("batch", 4, each=500),
                "call": lambda: peer("call.sql", 32, every),
                "hot": lambda: self.drawdowns("draw", self.many, self.hot),
                "hot transaction": lambda: peer("transaction.sql", 32, 1),
                "hot call": lambda: peer("call.sql", 32, 1),
                "alone": lambda: self.drawdowns("draw", 1),
                "alone transaction": lambda: self.postgres.median_alone(
                    "peer", "transaction.sql", self.seconds, customers=every
                ),
            },
        )
        self.scrip.stop()
        self.scrip.verify()
        self.check_peer()
        rate = self.report.rate
        rate("drawdowns, 64 connections / pgbench transaction, 32 clients", m["draw"], m["transaction"], "≥ 4")
        rate("drawdowns, 64 connections / pgbench one PL/pgSQL call, 32 clients", m["draw"], m["call"], "")
        rate("one hot customer / pgbench transaction on one customer", m["hot"], m["hot transaction"], "≥ 10")
        rate("one hot customer / pgbench call on one customer", m["hot"], m["hot call"], "")
        rate("drawDownBatch of 500, 4 connections / pgbench transaction, 32 clients", m["batch"], m["transaction"], "≥ 8")
        time_ = self.report.time
        time_("one client alone, p50 / pgbench transaction, 1 client, p50", m["alone"]["p50"], m["alone transaction"]["p50"], "≤ 0.9")
        time_("p99 at 64 connections / pgbench mean at 32 clients", m["draw"]["p99"], m["transaction"]["mean"], "≤ 1")

    def check_peer(self):
        """What pgbench wrote adds up: the peer did the whole work, too."""
        wrong = self.postgres.sql(
            "peer",
            "SELECT count(*) FROM account a WHERE balance <> (SELECT sum(amount) FROM ledger_entry e "
            "WHERE e.customer_id = a.customer_id) OR balance <> (SELECT sum(remaining) FROM segment s "
            "WHERE s.customer_id = a.customer_id)",
        )
        if wrong != "0":
            raise Failed(f"the books of the peer are wrong in {wrong} accounts")

    def kinds(self):
        """Other commands against the plain drawdown."""
        self.scrip.start()

        def of_state(kind, where):
            """A command once on each drawdown of a state; all have to have succeeded."""
            rows = f"SELECT id FROM drawdown WHERE created_by = 'admin' AND reversed = 0 AND {where} ORDER BY id DESC LIMIT 200000"
            ids = self.file(kind, self.postgres.sql("books", rows))
            count = "SELECT count(*) FROM drawdown WHERE settled_at IS NOT NULL OR reversed > 0"
            before = int(self.postgres.sql("books", count))
            told = self.wrk(kind, ids=ids)
            made = int(self.postgres.sql("books", count)) - before
            if made < told["requests"]:
                raise Failed(f"{kind}: {told['requests']} answers, but {made} drawdowns changed")
            return told

        self.wrk("hold", seconds=2 * self.seconds)
        self.wrk("draw", seconds=2 * self.seconds)
        m = alternate(
            self.rounds,
            {
                "draw": lambda: self.wrk("draw"),
                "hold": lambda: self.wrk("hold"),
                "capture": lambda: of_state("capture", "status = 'HELD'"),
                "reverse": lambda: of_state("reverse", "status = 'POSTED' AND hold_expires_at IS NULL"),
                "grant": lambda: self.wrk("grant"),
            },
        )
        self.scrip.stop()
        self.scrip.verify()
        for kind in ("hold", "capture", "reverse", "grant"):
            self.report.rate(f"{kind} / drawdown, 64 connections", m[kind], m["draw"], "≥ 0.5")

    def reads(self):
        """Reads against PostGraphile, and what both need of memory."""
        self.scrip.start()
        peers = {1: PostGraphile(self.postgres, "books", self.folder, 1)}
        cores = self.options.cores
        peers[cores] = PostGraphile(self.postgres, "books", self.folder, cores)
        try:
            self.read_legs(peers, cores)
        finally:
            for peer in peers.values():
                peer.stop()
            self.scrip.stop()
        self.scrip.verify()

    def read_legs(self, peers, cores):
        """The legs of `reads`."""
        some = self.ids.read_text().split()[:: max(1, self.options.customers // 10)][:10]
        reads.check(self.scrip, peers[1], some)
        self.report.note("answers: Scrip and PostGraphile answer the same values to all questions below")
        bars = {"nested": ("≥ 4", "≥ 2.5"), "page": ("≥ 2.5", ""), "balance": ("≥ 3", "")}
        for name in reads.QUESTIONS:
            ours, theirs = reads.bodies(name, self.folder)
            leg = lambda server, body: lambda: self.wrk("fixed", server=server, body=body)
            for server, body in ((self.scrip, ours), (peers[1], theirs), (peers[cores], theirs)):
                self.wrk("fixed", server=server, body=body, seconds=2, warm=True)
            processes = {"scrip": self.scrip.process, "peer": peers[1].process}
            for process in processes.values():
                process.forget_peak()
            m = alternate(
                self.rounds,
                {"scrip": leg(self.scrip, ours), "one": leg(peers[1], theirs), "all": leg(peers[cores], theirs)},
            )
            for key, text in (("one", "1 process"), ("all", f"{cores} processes")):
                bar = bars[name][0 if key == "one" else 1]
                self.report.rate(f"{name}, 64 connections / PostGraphile, {text}", m["scrip"], m[key], bar)
            if name == "nested":
                peak = {side: process.memory("VmHWM") / 1024 for side, process in processes.items()}
                self.report.amount(
                    "peak memory under the nested load / PostGraphile, 1 process", peak["scrip"], peak["peer"], "MiB", "≤ 0.25"
                )

    def resources(self):
        """Time to readiness and idle memory, on PostgreSQL and SQLite."""
        lite = Scrip(self.program, f"sqlite://{self.folder}/idle.db?mode=rwc", self.folder, "idle")
        for name, scrip in (("PostgreSQL", self.scrip), ("SQLite", lite)):
            scrip.start()
            scrip.stop()
            times = []
            for _ in range(5):
                times.append(scrip.start())
                time.sleep(0.5)
                idle = scrip.process.memory("VmRSS") / 1024
                scrip.stop()
            self.report.limit(f"ready after start, {name}", sorted(times)[2], "ms", "≤ 100")
            self.report.limit(f"idle memory, {name}", idle, "MiB", "≤ 32")

    def sqlite(self):
        """Drawdowns over HTTP on SQLite against a bare driver."""
        made = self.folder / "books.db"
        scrip = Scrip(self.program, f"sqlite://{made}?mode=rwc", self.folder, "sqlite")
        scrip.generate(self.options.customers)
        bare = self.folder / "bare.db"
        shutil.copy(made, bare)
        scrip.start()
        ids = self.file("sqlite-ids", "\n".join(self.customers_of(scrip)))
        leg = lambda connections: lambda: wrk(scrip.url, KEY, "draw", ids, connections, self.seconds, "s")
        driver = TARGET / ("debug" if self.options.profile == "dev" else self.options.profile) / "bench-sqlite"
        m = alternate(
            self.rounds,
            {"scrip": leg(self.many), "bare": lambda: {"rate": float(run([driver, bare, self.seconds, 64]))}, "alone": leg(1)},
        )
        scrip.stop()
        scrip.verify()
        self.report.rate("SQLite: drawdowns, 64 connections / bare driver in batches of 64", m["scrip"], m["bare"], "≥ 0.7")
        self.report.limit("SQLite: p99 at 64 connections", m["scrip"]["p99"], "ms", "≤ 15")
        self.report.limit("SQLite: one client alone, p50", m["alone"]["p50"], "ms", "")

    @staticmethod
    def customers_of(scrip):
        """Ids of its customers, page by page."""
        after, ids = None, []
        while len(ids) < 20000:
            page = scrip.ask(
                "query($a: String) { customers(first: 100, after: $a) { nodes { id } pageInfo { hasNextPage endCursor } } }",
                {"a": after},
            )["customers"]
            ids += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        return ids

    def growth(self):
        """A short ledger against one a hundred times as long, as both databases keep them."""
        as_of = self.folder / "as-of.json"
        document = (
            "query($id: ID!) { customer(id: $id) { balances(at: \"%s\") { posted held } } }"
            % time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 45 * 86400))
        )
        as_of.write_text(json.dumps({"query": document, "variables": {"id": "$ID"}}))
        for name in ("PostgreSQL", "SQLite"):
            found = {}
            for size, customers in (("short", self.options.short), ("long", self.options.long)):
                found[size] = self.grown(name, size, customers, as_of)
            for key in found["short"]:
                bar = "≥ 0.9" if name == "PostgreSQL" else "≥ 0.6"
                entries = f"{self.options.long * 200:,} / {self.options.short * 200:,} entries"
                self.report.rate(f"{name}, {entries}: {key}", found["long"][key], found["short"][key], bar)

    def grown(self, name, size, customers, as_of):
        """The rates on a ledger of that size."""
        if name == "PostgreSQL":
            self.postgres.sql("postgres", f"CREATE DATABASE {size}")
            url = self.postgres.url(size)
        else:
            url = f"sqlite://{self.folder}/{size}.db?mode=rwc"
        scrip = Scrip(self.program, url, self.folder, f"{name}-{size}")
        scrip.generate(customers)
        if name == "PostgreSQL":
            self.postgres.sql(size, "VACUUM ANALYZE")
            self.postgres.sql("postgres", "CHECKPOINT")
        scrip.start()
        ids = self.file(f"{name}-{size}-ids", "\n".join(self.customers_of(scrip)))
        legs = {"drawdown": ("draw", None), "balance as of": ("fixed", as_of)}
        for question in ("page", "nested"):
            legs[question] = ("fixed", reads.bodies(question, self.folder)[0])
        run_leg = lambda kind, body: lambda: wrk(scrip.url, KEY, kind, ids, self.many, self.seconds, "g", body)
        for kind, body in legs.values():
            # Until most pages have been changed once since the checkpoint: the first change of each is logged in full.
            warm = self.options.warm if kind == "draw" else 2
            wrk(scrip.url, KEY, kind, ids, self.many, warm, "w", body, warm=True)
        found = alternate(self.rounds, {key: run_leg(*leg) for key, leg in legs.items()})
        scrip.stop()
        if not self.options.trust_long or size == "short":
            scrip.verify()
        return found
