"""`marketdesk translations`: the models that translate on this machine, and whether the engine works."""

import argparse
from pathlib import Path

from marketdesk.cli.starting import Commands, Refused, say, start


def add(commands: Commands) -> None:
    """Name the command and its acts."""
    translations = commands.add_parser("translations", help="what translates messages: its models, and a try")
    acts = translations.add_subparsers(title="what to do", metavar="ACT", required=True)
    new = acts.add_parser("add", help="keep the files of a model, or an archive of them (Firefox Translations)")
    new.add_argument("files", metavar="FILE", nargs="+", type=Path)
    new.add_argument("--sha256", default="", metavar="SUM", help="what the archive, or the model, must come to")
    new.set_defaults(run=_add)
    acts.add_parser("list", help="show the engine, and the pairs of languages of its models").set_defaults(run=_list)
    remove = acts.add_parser("remove", help="forget a model that was added")
    remove.add_argument("pair", metavar="PAIR", help="as marketdesk translations list shows it, such as entr")
    remove.set_defaults(run=_remove)
    attempt = acts.add_parser("try", help="translate a sentence")
    attempt.add_argument("source", metavar="FROM", help="a language, such as en")
    attempt.add_argument("target", metavar="INTO", help="another one, such as pt-br")
    attempt.add_argument("text", metavar="TEXT")
    attempt.set_defaults(run=_try)


def _add(options: argparse.Namespace) -> int:
    start()
    from django.conf import settings

    from marketdesk.translations.engines import model_files

    try:
        model = model_files.add(options.files, settings.TRANSLATION_MODELS, options.sha256)
    except model_files.BadModel as bad:
        raise Refused(str(bad)) from bad
    say(f"{model.pair} is there.")
    for name, found in sorted(model.sums.items()):
        print(f"{found}  {name}")
    return 0


def _list(_options: argparse.Namespace) -> int:
    start()
    from django.conf import settings

    from marketdesk.translations import engines
    from marketdesk.translations.engines import model_files

    engine = engines.current()
    say(f"The engine is {engine.name}." if engine else "There is no engine: see MARKETDESK_TRANSLATION.")
    for pair, model in sorted(model_files.found(settings.TRANSLATION_MODELS).items()):
        print(f"{pair[:2]} -> {pair[2:]}  {model.folder}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    start()
    from django.conf import settings

    from marketdesk.translations.engines import model_files

    if not model_files.remove(options.pair, settings.TRANSLATION_MODELS):
        raise Refused(f"No model {options.pair!r} was added here.")
    say(f"{options.pair} is gone.")
    return 0


def _try(options: argparse.Namespace) -> int:
    start()
    from marketdesk.translations import engines, translating

    engine = engines.current()
    if engine is None:
        raise Refused("There is no engine: see MARKETDESK_TRANSLATION.")
    try:
        print(translating.translated(options.text, options.source, options.target, engine))
    except engines.Failed as failure:
        raise Refused(f"{engine.name}: {failure}.") from failure
    return 0
