package payments;

import software.amazon.awscdk.App;

/** An active-active payments API in two regions. */
public final class PaymentsApp {
  private PaymentsApp() {}

  public static void main(final String[] args) {
    App app = new App();
    Config.Mode mode = Config.Mode.of(asked(app, "mode"));
    Config config = Config.of(
        mode,
        Config.Transport.of(asked(app, "transport")),
        Config.regionsOf(mode, asked(app, "replicas"), asked(app, "witness"), asked(app, "authority")),
        Config.Parts.of(asked(app, "only"), Config.Faults.of(asked(app, "faults"))));
    PaymentsSystem.define(app, config, PaymentsSystem.Beside.NOTHING);
    app.synth();
  }

  private static Object asked(final App app, final String name) {
    return app.getNode().tryGetContext(name);
  }
}
