package payments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import payments.move.Move;
import payments.move.MoveConfig;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Match;
import software.amazon.awscdk.assertions.Template;

class PaymentsAppTest {
  private static final MoveConfig CONFIG = MoveConfig.standard();
  private static final String NAME = CONFIG.system().systemName();
  private static final App APP = app();

  /** With the feature flags of cdk.json; the recorder's function is not bundled, since its code does not matter here. */
  @SuppressWarnings("unchecked")
  private static App app() {
    try {
      Map<String, Object> settings = new ObjectMapper().readValue(new File("cdk.json"), Map.class);
      Map<String, Object> context = new HashMap<>((Map<String, Object>) settings.get("context"));
      context.put("aws:cdk:bundling-stacks", List.of());
      return new App(AppProps.builder().context(context).build());
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  @BeforeAll
  static void define() {
    Move.define(APP, CONFIG);
  }

  static List<String> places() {
    return List.of(CONFIG.source(), CONFIG.target());
  }

  static List<String> people() {
    return CONFIG.approvers().people();
  }

  private static Stack stack(final String name) {
    return (Stack) APP.getNode().findChild(NAME + "-" + name);
  }

  /** The template of one of the app's stacks, by the end of its name. */
  private static Template templateOf(final String name) {
    return Template.fromStack(stack(name));
  }

  @Test
  void theCutoverStandsInTheTargetADyingSourceMustNotTakeItAlong() {
    assertEquals(CONFIG.target(), stack("cutover").getRegion());
    templateOf("cutover").hasResourceProperties("AWS::StepFunctions::StateMachine",
        Map.of("StateMachineName", NAME + "-cutover"));
  }

  @Test
  void noPhaseBeginsBeforeTheDocumentsAreTheSameInBothRegions() {
    String machines = templateOf("cutover").findResources("AWS::StepFunctions::StateMachine").toString();
    assertTrue(machines.replace("\\", "").contains("\"documentsSeconds\":86400"), machines);
  }

  @ParameterizedTest
  @MethodSource("people")
  void eachApproverIsAskedByMail(final String person) {
    templateOf("cutover").hasResourceProperties("AWS::SNS::Subscription", Map.of("Protocol", "email", "Endpoint", person));
  }

  @ParameterizedTest
  @MethodSource("places")
  void aRegionHasNoRecordOfItsOwnTheCutoverOwnsTheWeights(final String region) {
    templateOf(region).resourceCountIs("AWS::Route53::RecordSet", 0);
  }

  @ParameterizedTest
  @MethodSource("places")
  void aRegionHasTheAlarmThatACutoverRollsBackBy(final String region) {
    templateOf(region).hasResourceProperties("AWS::CloudWatch::CompositeAlarm", Map.of("AlarmName", NAME + "-watch"));
  }

  @Test
  void theLedgerHasAReplicaInBothPlacesAndNoneIsDeletedByMistake() {
    List<?> replicas = places().stream()
        .map(region -> Match.objectLike(Map.of("Region", region, "DeletionProtectionEnabled", true)))
        .toList();
    templateOf("ledger").hasResource("AWS::DynamoDB::GlobalTable",
        Map.of("DeletionPolicy", "Retain", "Properties", Map.of("Replicas", Match.arrayWith(replicas))));
  }

  @Test
  void wrongContextIsRefusedWithWhatIsAllowed() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> MoveConfig.Pace.of("fast")).getMessage();
    assertTrue(message.contains("give FULL or REHEARSAL"), message);
  }
}
