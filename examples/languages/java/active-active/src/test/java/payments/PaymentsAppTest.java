package payments;

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
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.assertions.Match;
import software.amazon.awscdk.assertions.Template;

class PaymentsAppTest {
  private static final Config CONFIG = Config.standard();
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
    PaymentsSystem.define(APP, CONFIG, PaymentsSystem.Beside.NOTHING);
  }

  static List<String> regions() {
    return CONFIG.regions().getReplicas();
  }

  /** The template of one of the app's stacks, by the end of its name. */
  private static Template templateOf(final String name) {
    return Template.fromStack((Stack) APP.getNode().findChild(CONFIG.systemName() + "-" + name));
  }

  @Test
  void theLedgerHasAReplicaInEveryRegionAndNoneIsDeletedByMistake() {
    List<?> replicas = regions().stream()
        .map(region -> Match.objectLike(Map.of("Region", region, "DeletionProtectionEnabled", true)))
        .toList();
    templateOf("ledger").hasResource("AWS::DynamoDB::GlobalTable",
        Map.of("DeletionPolicy", "Retain", "Properties", Map.of("Replicas", Match.arrayWith(replicas))));
  }

  @ParameterizedTest
  @MethodSource("regions")
  void aRegionAnswersAtThePublicNameAndItsTokensAreThoseOfOurIssuer(final String region) {
    Template template = templateOf(region);
    template.hasResourceProperties("AWS::ApiGateway::DomainName", Map.of("DomainName", CONFIG.domain().name()));
    template.hasResourceProperties("AWS::Lambda::Function", Map.of("Environment",
        Map.of("Variables", Match.objectLike(Map.of("AUTHORIZER_ISSUER", CONFIG.callers().issuer())))));
  }

  @ParameterizedTest
  @MethodSource("regions")
  void aRegionRecordsEachEventOnce(final String region) {
    Template template = templateOf(region);
    template.hasResourceProperties("AWS::DynamoDB::Table", Map.of("TableName", CONFIG.systemName() + "-recorder-effects"));
    template.hasResourceProperties("AWS::Lambda::Function", Map.of("Environment",
        Map.of("Variables", Match.objectLike(
            Map.of("EFFECTS_TABLE", Match.anyValue(), "CONSUMER_INBOX_TABLE", Match.anyValue())))));
  }

  @ParameterizedTest
  @MethodSource("regions")
  void aRegionHasAlarmsThatLeadToTheRunbook(final String region) {
    templateOf(region).hasResourceProperties("AWS::CloudWatch::Alarm",
        Map.of("AlarmDescription", Match.stringLikeRegexp("runbook\\.md#")));
  }

  @Test
  void wrongContextIsRefusedWithWhatIsAllowed() {
    assertRefused("give STRONG or HOME_REGION", () -> Config.Mode.of("home"));
    assertRefused("give names of regions", () -> Config.regionsOf(Config.Mode.STRONG, "us-east-1,", null, null));
    assertRefused("in mode HOME_REGION, which has none",
        () -> Config.regionsOf(Config.Mode.HOME_REGION, null, "us-east-2", null));
  }

  private static void assertRefused(final String reason, final Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message.contains(reason), message);
  }
}
