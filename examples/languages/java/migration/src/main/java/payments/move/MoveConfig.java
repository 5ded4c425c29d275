package payments.move;

import io.github.cdkmultiregionpayments.AccountHomes;
import io.github.cdkmultiregionpayments.HomeRegionsProps;
import io.github.cdkmultiregionpayments.PaymentRegions;
import io.github.cdkmultiregionpayments.PublicNameRecords;
import java.util.List;
import payments.Config;
import software.amazon.awscdk.Duration;

/**
 * How the system is moved: everything a team changes before it deploys, beside the system's own configuration.
 *
 * @param phases shares of the target, phase by phase
 */
public record MoveConfig(Config system, String source, String target, Approvers approvers, List<Integer> phases, Times times) {

  /**
   * Who approves.
   *
   * @param issuer issuer of their ID tokens, and {@code clientId} our client there
   * @param people they are asked by mail and decide, each by the address that the issuer has verified
   * @param required how many of them must approve; whoever starts the cutover does not count
   */
  public record Approvers(String issuer, String clientId, List<String> people, int required) {}

  /** The comparison of the regions afterwards: for how long, how often, and how old a difference must be to count. */
  public record Reconciliation(Duration length, Duration every, Duration settle) {}

  /**
   * How long everything takes. Nothing is left out when it is shorter.
   *
   * @param recordTtl how long resolvers may keep the public name's answer
   * @param ttlLead how long that TTL must have been in force before traffic moves
   * @param lagMinutes minutes in a row in which the replication must have been as fast as {@code lag}
   * @param soak how long each phase is watched, every {@code soakCheckEvery}
   * @param approval how long people have for an approval; they are reminded, and it goes further up
   * @param stuckAfter when a forgotten approval raises its alarm, which is looked at every {@code stuckCheckEvery}
   * @param documentsParityAge how old the backfill's comparison of the documents may be at each check, where the system has documents
   * @param patience for how long to try again while Route 53 takes no changes, every {@code retryEvery}
   */
  public record Times(
      Duration recordTtl,
      Duration ttlLead,
      int lagMinutes,
      Duration lag,
      Duration soak,
      Duration soakCheckEvery,
      Duration approval,
      Duration reminderEvery,
      Duration escalateAfter,
      Duration stuckAfter,
      Duration stuckCheckEvery,
      Reconciliation reconciliation,
      Duration documentsParityAge,
      Duration patience,
      Duration retryEvery) {}

  /** A migration over a week, or the same one over some minutes to try it. */
  public enum Pace {
    FULL,
    REHEARSAL;

    /** The pace asked for with {@code --context pace=...}. */
    public static Pace of(final Object asked) {
      return Config.oneOf(Pace.class, "pace", asked, FULL);
    }

    private Times times() {
      // Replication in a rehearsal shares a machine with everything else.
      return this == REHEARSAL
          ? new Times(
              seconds(5),
              seconds(5),
              2,
              seconds(5),
              seconds(10),
              seconds(2),
              minutes(15),
              minutes(1),
              minutes(5),
              minutes(2),
              minutes(1),
              new Reconciliation(seconds(20), seconds(10), seconds(10)),
              minutes(30),
              seconds(60),
              seconds(5))
          : new Times(
              seconds(5),
              hours(24),
              5,
              Duration.millis(500),
              minutes(30),
              minutes(1),
              hours(24),
              hours(4),
              hours(12),
              hours(4),
              minutes(5),
              new Reconciliation(hours(72), minutes(15), minutes(5)),
              hours(24),
              hours(2),
              minutes(5));
    }
  }

  private static Duration seconds(final int count) {
    return Duration.seconds(count);
  }

  private static Duration minutes(final int count) {
    return Duration.minutes(count);
  }

  private static Duration hours(final int count) {
    return Duration.hours(count);
  }

  /** From where to where, unless other regions are asked for; the first one has the traffic. */
  private static final String PLACES = "us-east-1,eu-central-1";

  /** Of a STRONG ledger in these places: near the source, which has all the writes at first. */
  private static final String WITNESS = "us-east-2";

  /** Where the system is, by the CDK context values {@code replicas}, of which the first is left for the second, and {@code witness}. */
  public static PaymentRegions regionsOf(final Config.Mode mode, final Object replicas, final Object witness) {
    Object places = replicas == null ? PLACES : replicas;
    if (mode == Config.Mode.STRONG) {
      return Config.regionsOf(mode, places, replicas == null && witness == null ? WITNESS : witness, null);
    }
    List<String> names = Config.regionsOf(mode, places, witness, null).getReplicas();
    // Every account is at home in the source, until the cutover moves the authority over them.
    return PaymentRegions.homeRegion(
        HomeRegionsProps.builder().replicas(names).homes(AccountHomes.oneRegion(names.get(0))).build());
  }

  /** The migration as it is without another pace or mode asked for. */
  public static MoveConfig standard() {
    Config.Mode mode = Config.Mode.HOME_REGION;
    return of(Pace.FULL, mode, regionsOf(mode, null, null), Config.Parts.of(null));
  }

  /** The migration at a pace. */
  public static MoveConfig of(final Pace pace, final Config.Mode mode, final PaymentRegions regions, final Config.Parts parts) {
    Config system = Config.of(mode, Config.Transport.RULES, regions, parts);
    Config.Domain domain = system.domain();
    return new MoveConfig(
        new Config(
            system.systemName(),
            system.account(),
            regions,
            system.ledgerRegion(),
            system.transport(),
            new Config.Domain(domain.name(), domain.hostedZoneId(), domain.zoneName(), PublicNameRecords.CUTOVER),
            system.callers(),
            system.alarms(),
            system.drilledFrom(),
            // While the system is moved, no region is drilled.
            new Config.Parts(parts.dashboard(), parts.canary(), null, parts.edge(), parts.documents())),
        regions.getReplicas().get(0),
        regions.getReplicas().get(1),
        new Approvers(
            "https://login.example.com",
            "payments-approvals",
            List.of("ada@example.com", "grace@example.com", "katherine@example.com"),
            1),
        List.of(10, 25, 50, 90, 100),
        pace.times());
  }
}
