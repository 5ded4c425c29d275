from aws_cdk import App

from move.config import config_of, pace_of, regions_of
from move.stacks import define_migration
from payments.config import Mode, mode_of, parts_of

app = App()
asked = app.node.try_get_context
mode = mode_of(asked("mode") or Mode.HOME_REGION.value)
define_migration(
    app,
    config_of(
        pace_of(asked("pace")),
        mode,
        regions_of(mode, asked("replicas"), asked("witness")),
        parts_of(asked("only")),
    ),
)
app.synth()
