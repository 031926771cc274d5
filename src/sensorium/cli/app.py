"""The verbs of the command line, put together."""

import typer

from sensorium.cli.compare import compare
from sensorium.cli.components import components
from sensorium.cli.demo import demo
from sensorium.cli.evaluate import evaluate
from sensorium.cli.guard import guarded
from sensorium.cli.inspect import inspect
from sensorium.cli.pack import pack
from sensorium.cli.plan import plan
from sensorium.cli.predict import predict
from sensorium.cli.prepare import prepare
from sensorium.cli.split import split
from sensorium.cli.train import train
from sensorium.cli.unpack import unpack

app = typer.Typer(
    help="Multimodal machine learning on tables: train, tell the truth about fusion, ship one bundle.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip

for verb in (
    inspect,
    split,
    prepare,
    plan,
    train,
    evaluate,
    predict,
    compare,
    pack,
    unpack,
    components,
    demo,
):
    app.command()(guarded(verb))
