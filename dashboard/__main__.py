"""The same work from a terminal. `--json` prints one document on standard output and nothing else; progress goes to standard error.
Exit 0: done; 1: refused, with reasons; 2: the command line could not be understood."""
import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from dashboard import cohort, conditions, database, demo, distributions, hours, settings, start, worklist
from dashboard.codelists import CHOICES, CODELISTS
from dashboard.days import date_of, day_of
from dashboard.errors import NotFound, Refused, UserError, WrongUsage
from dashboard.imports import batches, commit, export, mapping, opening, plan, quarantine, remembered, tabular, undo
from dashboard.imports.mapping import Mapping
from dashboard.imports.tabular import Tabular
from dashboard.rules import active, answers, definition, flags, workload

Output = dict | list | str


def _day(text: str) -> int:
    try:
        return day_of(date.fromisoformat(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2026-03-31") from None


REPEATED = {"source": "sources", "sex": "sexes", "bucket": "buckets", "tier": "tiers", "location": "locations", "quality": "qualities", "duration": "durations",
            "symptom": "symptoms", "hour": "hours", "not": "negated", "all": "every"}
REPEATED |= {name: name for name in cohort.CODES if name not in REPEATED.values()}
COHORT_OPTIONS = (
    ("since", _day, "first day"), ("until", _day, "last day"),
    *[(f"{name}_{end}", int if name == "age" else float, f"{conditions.MEASURED.get(name, name).replace('_', ' ')}, {bound}") for name in conditions.RANGES
      for end, bound in (("from", "no less"), ("to", "no more"))],
    *[(option, str, "name of a field, such as locations; may be given several times" if option in ("not", "all") else
       "code; may be given several times: any of them") for option in REPEATED])


def main(arguments: list[str] | None = None) -> int:
    engine = None
    try:
        wanted = _parser().parse_args(arguments)
        wanted.at, wanted.today = datetime.now(UTC), day_of(date.today())
        wanted.database = wanted.database or settings.read(os.environ).database
        if wanted.run is not _codelists:
            engine = start.open_database(wanted.database, at=wanted.at, today=wanted.today, on_duty=hours.read(settings.read(os.environ).hours))
        answer = wanted.run(engine, wanted)
    except WrongUsage as error:
        print(error, file=sys.stderr)
        return 2
    except (UserError, OperationalError, InterfaceError) as failed:
        # the database may also go away while a command runs
        error = failed if isinstance(failed, UserError) else database.explained(failed, wanted.database)
        if "--json" in (arguments if arguments is not None else sys.argv):
            print(json.dumps({"error": str(error)}))
        print(error, file=sys.stderr)
        return 1
    finally:
        if engine is not None:
            engine.dispose()
    print(json.dumps(answer, ensure_ascii=False) if wanted.json and not isinstance(answer, str) else _readable(answer))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dashboard", description="Pain diaries: import, undo, evaluate, ask.", allow_abbrev=False)
    shared = argparse.ArgumentParser(add_help=False)
    # accepted before and after the command; what is not given must not overwrite what was
    for target, default in ((parser, None), (shared, argparse.SUPPRESS)):
        target.add_argument("--database", metavar="URL", default=default, help="instead of PAIN_DIARY_DATABASE")
        target.add_argument("--json", action="store_true", default=False if default is None else default, help="one JSON document on standard output")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable, about: str, *, reads: bool = False, writes: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[shared], help=about, description=about, allow_abbrev=False)
        made.set_defaults(run=run)
        if reads:
            made.add_argument("--as-of", type=_day, metavar="DATE", help="as of the end of that day (default today)")
            made.add_argument("--known-at", type=int, metavar="EVENT", help="as known at that audit event (default the latest)")
        if writes:
            made.add_argument("--by", metavar="NAME", default=_user(), help="who does it, for the audit trail")
        return made

    made = command("import", _import, "bring in diary files; each commits whole or not at all", writes=True)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    made.add_argument("--source", metavar="S", help="the source, where the file has no column for it")
    made.add_argument("--mapping", type=Path, metavar="M.toml", help="how the file's columns become ours")
    made.add_argument("--dry-run", action="store_true", help="plan only; nothing is written")
    made = command("undo", _undo, "take a batch back", writes=True)
    made.add_argument("batch", type=int)
    made.add_argument("--dry-run", action="store_true", help="say what it would take with it; nothing is written")
    command("batches", _batches, "what was imported, and what was undone")
    made = command("quarantine", _quarantine, "a batch's rows that need attention, as CSV that can be fixed and sent again")
    made.add_argument("batch", type=int)
    command("evaluate", _evaluate, "counts by rule and outcome", reads=True, writes=True)
    made = command("flags", _flags, "who meets which rule, and why", reads=True)
    made.add_argument("--tier", choices=list(CHOICES["tier"]))
    made.add_argument("--outcome", choices=["met", "not_met", "cannot_assess", "all"], default="met")
    made.add_argument("--csv", action="store_true")
    command("buckets", _buckets, "how many patients stand where", reads=True)
    made = command("summary", _summary, "distributions of location, quality, duration, severity", reads=True)
    made.add_argument("--per", choices=["patient", "entry"], default="patient")
    for option, kind, about in COHORT_OPTIONS:
        made.add_argument(f"--{option.replace('_', '-')}", dest=option, type=kind, action="append" if kind is str else "store", help=about)
    made = command("demo", _demo, "import a synthetic cohort", writes=True)
    made.add_argument("--patients", type=int, default=1_000)
    made.add_argument("--entries", type=int, default=40_000)
    made.add_argument("--seed", type=int, default=1)
    command("codelists", _codelists, "the vocabularies")
    command("rules", _rules, "the rules in words")
    made = command("try", _try, "what other rules would have flagged, and who would newly appear or drop out")
    made.add_argument("--as-of", type=_day, metavar="DATE", help="as of the end of that day (default today)")
    made.add_argument("--rules", type=Path, required=True, metavar="FOLDER", help="rule files, those of rules that stay as they are too")
    made.add_argument("--weeks", type=int, default=12, help="how many weeks to look back (default 12)")
    made = command("rows", _rows, "one patient's entries", reads=True)
    made.add_argument("patient", metavar="PATIENT")
    made.add_argument("--source", metavar="S", help="where several sources know the same id")
    return parser


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return "terminal"


def _readable(answer: Output) -> str:
    if isinstance(answer, str):
        return answer.rstrip("\n")
    if isinstance(answer, list):
        return pd.DataFrame(answer).to_string(index=False) if answer else "nothing"
    return json.dumps(answer, indent=2, ensure_ascii=False)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# --- commands ---------------------------------------------------------------------------------------------------------------------

def _import(engine: Engine, wanted: argparse.Namespace) -> Output:
    """Several files are several batches; the first that is refused stops the rest, and says which were committed before it."""
    given = mapping.from_file(wanted.mapping) if wanted.mapping else None
    receipts = []
    for path in wanted.files:
        if not path.is_file():
            raise NotFound(f"There is no file {path.name} there. {_committed(receipts)}")
        _say(f"reading {path.name}")
        try:
            read, how = _read(engine, path, given, wanted.source)
            with engine.connect() as connection:
                planned = plan.plan(connection, read, how, today=wanted.today, source=wanted.source)
                if wanted.dry_run:
                    # a file of one's own ends the time of the demo diaries
                    as_of = max(wanted.today, flags.current_as_of(connection, wanted.today))
                    change = plan.consequence(connection, planned, active.current(connection).rules, as_of)
                    receipts.append({"batch": None, **planned.as_dict(), "flags_raised": change.raised, "flags_closed": change.closed})
            if not wanted.dry_run:
                _say(planned.sentence)
                receipts.append(commit.commit_and_evaluate(engine, planned, by=wanted.by, at=wanted.at, today=wanted.today).as_dict())
                for source in planned.typed.patients["source"].unique() if given else ():
                    remembered.remember(engine, source, given, read.header, by=wanted.by, at=wanted.at)
        except UserError as error:
            raise type(error)(f"{path.name}: {error} {_committed(receipts)}".strip()) from None
    return receipts[0] if len(receipts) == 1 else receipts


def _read(engine: Engine, path: Path, given: Mapping | None, source: str | None) -> tuple[Tabular, Mapping | None]:
    content = _bytes(path)
    if given:
        return tabular.read(content, path.name, given.reading.reading), given
    with engine.connect() as connection:
        read, known = opening.without_asking(connection, content, path.name, source)
    if known:
        _say(f"mapping: {known.name}, as the last time")
    return read, known


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"The file cannot be read: {error.strerror}.") from None


def _committed(receipts: list[dict]) -> str:
    done = [str(receipt["batch"]) for receipt in receipts if receipt["batch"]]
    return f"Committed before it: batch {', '.join(done)}." if done else ""


def _undo(engine: Engine, wanted: argparse.Namespace) -> Output:
    if wanted.dry_run:
        with engine.connect() as connection:
            return undo.plan_undo(connection, wanted.batch).as_dict()
    return undo.undo_and_evaluate(engine, wanted.batch, by=wanted.by, at=wanted.at, today=wanted.today)


def _batches(engine: Engine, wanted: argparse.Namespace) -> Output:
    with engine.connect() as connection:
        return json.loads(batches.history(connection).to_json(orient="records", date_format="iso"))


def _quarantine(engine: Engine, wanted: argparse.Namespace) -> Output:
    with engine.connect() as connection:
        rows = quarantine.rows(connection, wanted.batch)
    return json.loads(rows.to_json(orient="records")) if wanted.json else export.sheet(rows)


def _evaluate(engine: Engine, wanted: argparse.Namespace) -> Output:
    """Stored only with the newest knowledge and as of a day not before the last evaluation's, and not of a day to come: what is stored
    as of a day holds until that day has passed."""
    with engine.connect() as connection:
        done = flags.last(connection)
        as_of = _as_of(engine, wanted)
        stored = wanted.known_at is None and (done is None or as_of >= done["as_of"]) and as_of <= max(wanted.today, done["as_of"] if done else 0)
    if stored:
        flags.store(engine, as_of=as_of, by=wanted.by, at=wanted.at)
    with engine.connect() as connection:
        return {**answers.counts(connection, as_of, wanted.known_at), "stored": stored}


def _as_of(engine: Engine, wanted: argparse.Namespace) -> int:
    if wanted.as_of is not None:
        return wanted.as_of
    with engine.connect() as connection:
        return flags.current_as_of(connection, wanted.today)


def _flags(engine: Engine, wanted: argparse.Namespace) -> Output:
    if wanted.csv and wanted.json:
        raise WrongUsage("--csv or --json, not both.")
    with engine.connect() as connection:
        found, failed = answers.found(connection, _as_of(engine, wanted), wanted.known_at, outcome=wanted.outcome, tier=wanted.tier)
    if failed:
        _say(f"{', '.join(failed)} could not be evaluated. Nobody is clear of it, and who meets it is not in this list.")
    return export.sheet(found) if wanted.csv else found.to_dict(orient="records")


def _buckets(engine: Engine, wanted: argparse.Namespace) -> Output:
    as_of = _as_of(engine, wanted)
    with engine.connect() as connection:
        through = cohort.data_through(connection, as_of, wanted.known_at)
        return {**answers.standing(connection, as_of, wanted.known_at), # what people have yet to look at is known of now only
                "withdrawn_to_review": worklist.withdrawn_to_review(connection) if wanted.known_at is None else None,
                "as_of": date_of(as_of).isoformat(), "data_through": date_of(min(through.values())).isoformat() if through else None,
                "rule_set": active.active_version(connection, wanted.known_at)}


def _summary(engine: Engine, wanted: argparse.Namespace) -> Output:
    given = {option: getattr(wanted, option) for option, _, _ in COHORT_OPTIONS}
    question = cohort.Cohort(**{
        REPEATED.get(option, option): tuple(value) if option in REPEATED else value for option, value in given.items() if value is not None})
    with engine.connect() as connection:
        return distributions.summary(connection, question, as_of=_as_of(engine, wanted), known_at=wanted.known_at, per=wanted.per)


def _demo(engine: Engine, wanted: argparse.Namespace) -> Output:
    return demo.load(engine, wanted.patients, wanted.entries, wanted.seed, wanted.today, by=wanted.by, at=wanted.at, progress=_say)


def _codelists(engine: Engine | None, wanted: argparse.Namespace) -> Output:
    return {name: [{"code": code, "bit": bit, "label": label, "groups": list(groups)} for code, bit, label, groups in codelist.rows]
            for name, codelist in CODELISTS.items()} | {
                name: [{"code": code, "label": label} for code, label in codes.items()] for name, codes in CHOICES.items()}


def _rules(engine: Engine, wanted: argparse.Namespace) -> Output:
    with engine.connect() as connection:
        rule_set = active.current(connection)
    return [{"rule_id": rule.rule_id, "version": rule.version, "title": rule.title, "tier": [arm.tier for arm in rule.arms], "says": list(rule.describe()),
             "sources": [asdict(said) for said in rule.sources], "rule_set": rule_set.version} for rule in rule_set.rules]


def _try(engine: Engine, wanted: argparse.Namespace) -> Output:
    with engine.connect() as connection:
        return workload.report(connection, active.current(connection).rules, definition.load(wanted.rules), _as_of(engine, wanted), wanted.weeks, _say)


def _rows(engine: Engine, wanted: argparse.Namespace) -> Output:
    as_of = _as_of(engine, wanted)
    with engine.connect() as connection:
        found = cohort.find(connection, wanted.patient, wanted.source)
        if not found:
            raise NotFound("No patient has this id. Ids are text: 007 and 7 are two patients.")
        if len(found) > 1:
            raise WrongUsage(f"Several sources know this id: {', '.join(name for _, name, _ in found)}. Say which with --source.")
        return export.canonical(connection, cohort.entries(connection, as_of, wanted.known_at, patients=[found[0][0]])).to_dict(orient="records")


if __name__ == "__main__":
    sys.exit(main())
