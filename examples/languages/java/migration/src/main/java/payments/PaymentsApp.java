package payments;

import payments.move.Move;
import payments.move.MoveConfig;
import software.amazon.awscdk.App;

/** The system of the active-active example, and what moves it to another region. */
public final class PaymentsApp {
  private PaymentsApp() {}

  public static void main(final String[] args) {
    App app = new App();
    Object asked = asked(app, "mode");
    Config.Mode mode = asked == null ? Config.Mode.HOME_REGION : Config.Mode.of(asked);
    Move.define(app, MoveConfig.of(
        MoveConfig.Pace.of(asked(app, "pace")),
        mode,
        MoveConfig.regionsOf(mode, asked(app, "replicas"), asked(app, "witness")),
        Config.Parts.of(asked(app, "only"))));
    app.synth();
  }

  private static Object asked(final App app, final String name) {
    return app.getNode().tryGetContext(name);
  }
}
