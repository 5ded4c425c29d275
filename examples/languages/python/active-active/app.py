from aws_cdk import App

from payments.config import config_of, faults_of, mode_of, parts_of, regions_of, transport_of
from payments.stacks import define_system

app = App()
asked = app.node.try_get_context
mode = mode_of(asked("mode"))
define_system(
    app,
    config_of(
        mode,
        transport_of(asked("transport")),
        regions_of(mode, asked("replicas"), asked("witness"), asked("authority")),
        parts_of(asked("only"), faults_of(asked("faults"))),
    ),
)
app.synth()
