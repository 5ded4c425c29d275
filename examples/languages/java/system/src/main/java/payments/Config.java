package payments;

import io.github.cdkmultiregionpayments.AccountHomes;
import io.github.cdkmultiregionpayments.HomeRegionsProps;
import io.github.cdkmultiregionpayments.MeshTransport;
import io.github.cdkmultiregionpayments.PaymentRegions;
import io.github.cdkmultiregionpayments.PublicNameRecords;
import io.github.cdkmultiregionpayments.StrongRegionsProps;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything a team changes before it deploys, in one place.
 *
 * @param systemName prefix of every name, the same in all regions
 * @param account AWS account of all stacks; the credentials' own when null
 * @param ledgerRegion region whose stack makes the ledger's table: one of the replicas. It never changes, also when regions are added or
 *     named in another order
 * @param transport how events get from region to region
 * @param drilledFrom with {@code parts.drill}: which region is drilled, and the region that drills it. It stays when regions are added: give
 *     a new one a row
 */
public record Config(
    String systemName,
    String account,
    PaymentRegions regions,
    String ledgerRegion,
    MeshTransport transport,
    Domain domain,
    Callers callers,
    Alarms alarms,
    Map<String, String> drilledFrom,
    Parts parts) {

  /**
   * The public name of the API in all regions, and its public hosted zone: by ID and name, so that synthesis needs no credentials.
   *
   * @param records who owns the name's records; each region its own, by latency, when null
   */
  public record Domain(String name, String hostedZoneId, String zoneName, PublicNameRecords records) {}

  /** Whose tokens are accepted, and which claim names the caller's tenant. */
  public record Callers(String issuer, List<String> audience, String tenantClaim) {}

  /**
   * Where every alarm goes. By default to a topic in each region that has no subscription: until you give one, no person is told.
   *
   * @param email address that gets each alarm by mail, or null. It has to confirm the subscription of each region
   * @param topicArns ARN of a topic of your own, by its region: no topic is made there. An alarm can only tell a topic of its own region. The
   *     topic's policy must admit CloudWatch. So must its key, if it has one: alias/aws/sns does not, and cannot be made to
   */
  public record Alarms(String email, Map<String, String> topicArns) {}

  /**
   * What stands around the payments. Each part can be left out.
   *
   * @param dashboard a dashboard of the whole system in each region: one of CloudWatch's custom dashboards, billed as such
   * @param canary canaries in each region, which pay every five minutes; none when null
   * @param drill drills of regions, four times a year; none when null
   * @param edge CloudFront in front of the web app and the API: a bucket in each region, and a distribution by the name; none when null
   * @param documents documents such as statements: a bucket in each region, each copied to the others
   */
  public record Parts(boolean dashboard, Canary canary, Drill drill, Edge edge, boolean documents) {
    static final List<String> NAMES = List.of("dashboard", "edge", "documents", "canary", "drill");
    static final Parts ALL = new Parts(
        true,
        new Canary("https://login.example.com/oauth2/token", "canary"),
        new Drill("https://login.example.com/oauth2/token", Faults.NONE),
        new Edge("app.example.com", "site"),
        true);

    /**
     * The parts asked for with {@code --context only=...} (names with commas between them, none for no part); all when it is not given. Drills
     * by faults where they are asked for.
     */
    public static Parts of(final Object only, final Faults faults) {
      Parts parts = of(only);
      if (faults == Faults.NONE) {
        return parts;
      }
      if (parts.drill == null) {
        throw new IllegalArgumentException(
            "context 'faults' is '%s' without drills: give drill in 'only' too, or leave 'faults' out".formatted(faults));
      }
      return new Parts(parts.dashboard, parts.canary, new Drill(parts.drill.tokenUrl, faults), parts.edge, parts.documents);
    }

    /** The parts asked for, with drills that drain alone. */
    public static Parts of(final Object only) {
      if (only == null) {
        return ALL;
      }
      List<String> names = Arrays.stream(only.toString().split(",", -1)).map(String::trim).toList();
      for (String name : names) {
        if (!name.equals("none") && !NAMES.contains(name)) {
          throw new IllegalArgumentException(
              "context 'only' has '%s': give some of %s with commas between them, or none".formatted(name, String.join(", ", NAMES)));
        }
      }
      return new Parts(
          names.contains("dashboard"),
          names.contains("canary") ? ALL.canary : null,
          names.contains("drill") ? ALL.drill : null,
          names.contains("edge") ? ALL.edge : null,
          names.contains("documents"));
    }
  }

  /**
   * @param tokenUrl token endpoint of the callers' issuer, where the canaries get their tokens
   * @param tenant tenant that the issuer gives them: no business metric counts its payments, and no event tells of them
   */
  public record Canary(String tokenUrl, String tenant) {}

  /**
   * @param tokenUrl token endpoint of the callers' issuer, where the prober gets its tokens
   * @param faults whether drills may make the region's functions fail, too
   */
  public record Drill(String tokenUrl, Faults faults) {}

  /**
   * Which drills take their region away by an experiment of AWS FIS, and not by a drain: none, those that a person starts so, or those of the
   * schedule too. By default none, for an experiment needs AWS's extension in each function of the API, drill or not: their starts take
   * longer, and each reads a bucket every 20 seconds. With mode STRONG alone.
   */
  public enum Faults {
    NONE,
    BY_HAND,
    BY_SCHEDULE;

    /** The faults asked for with {@code --context faults=...}. */
    public static Faults of(final Object asked) {
      return oneOf(Faults.class, "faults", asked, NONE);
    }
  }

  /**
   * @param name public name of the web app, in the API's hosted zone
   * @param folder folder with the built web app, in the app's own
   */
  public record Edge(String name, String folder) {}

  /** How the regions agree, and with that which regions there can be. It never changes after the first deployment. */
  public enum Mode {
    // Near each other: a payment waits some 10 ms for the second region. Far from each other it waits an ocean's round trip.
    STRONG("us-east-1", "us-west-2"),
    HOME_REGION("us-east-1", "eu-central-1");

    private final List<String> replicas;

    Mode(final String... replicas) {
      this.replicas = List.of(replicas);
    }

    /** The mode asked for with {@code --context mode=...}. */
    public static Mode of(final Object asked) {
      return oneOf(Mode.class, "mode", asked, STRONG);
    }
  }

  private static final String WITNESS = "us-east-2";

  /** How events get from region to region: rules of our own, or an EventBridge global endpoint. */
  public enum Transport {
    RULES,
    GLOBAL_ENDPOINT;

    /** The transport asked for with {@code --context transport=...}. */
    public static Transport of(final Object asked) {
      return oneOf(Transport.class, "transport", asked, RULES);
    }

    private MeshTransport forMesh() {
      return this == RULES ? MeshTransport.rules() : MeshTransport.globalEndpoint();
    }
  }

  /** The system as it is without another mode asked for. */
  public static Config standard() {
    return of(Mode.STRONG, Transport.RULES, regionsOf(Mode.STRONG, null, null, null), Parts.ALL);
  }

  /** The system in one mode, with one transport, with all parts or some. */
  public static Config of(final Mode mode, final Transport transport, final PaymentRegions regions, final Parts parts) {
    List<String> replicas = regions.getReplicas();
    return new Config(
        "acme-pay",
        System.getenv("CDK_DEFAULT_ACCOUNT"),
        regions,
        replicas.contains("us-east-1") ? "us-east-1" : replicas.get(0),
        transport.forMesh(),
        new Domain("pay.example.com", "Z0123456789EXAMPLE00", "example.com", null),
        new Callers("https://login.example.com", List.of("payments"), "tenant"),
        // Such as new Alarms("on-call@example.com", Map.of()).
        new Alarms(null, Map.of()),
        eachFromTheOther(mode, replicas),
        parts);
  }

  /**
   * Where the system is, by the CDK context values {@code replicas} (names with commas between them), {@code witness} and {@code authority};
   * each mode has its default.
   */
  public static PaymentRegions regionsOf(final Mode mode, final Object replicas, final Object witness, final Object authority) {
    List<String> names = replicas == null ? mode.replicas : namesIn(replicas, "replicas");
    if (mode == Mode.STRONG) {
      return PaymentRegions.strong(StrongRegionsProps.builder()
          .replicas(names)
          .witness(replicas == null && witness == null ? WITNESS : witnessOf(witness))
          .build());
    }
    if (witness != null) {
      throw new IllegalArgumentException(
          "context 'witness' is '%s' in mode HOME_REGION, which has none: leave it out, or give --context mode=STRONG".formatted(witness));
    }
    // Every tenant is at home in one of them, by hash at first.
    return PaymentRegions.homeRegion(HomeRegionsProps.builder()
        .replicas(names)
        .homes(AccountHomes.byTenant())
        .authority(authority == null ? null : authorityIn(authority))
        .build());
  }

  /** Three regions of the table that says who is home, the witness last. They are final after the first deployment. */
  private static StrongRegionsProps authorityIn(final Object authority) {
    List<String> names = namesIn(authority, "authority");
    if (names.size() != 3) {
      throw new IllegalArgumentException("context 'authority' is '%s': give three regions, the witness last".formatted(authority));
    }
    return StrongRegionsProps.builder().replicas(names.subList(0, 2)).witness(names.get(2)).build();
  }

  private static List<String> namesIn(final Object value, final String context) {
    List<String> names = Arrays.stream(value.toString().split(",", -1)).map(String::trim).toList();
    if (!(value instanceof String) || names.contains("")) {
      throw new IllegalArgumentException(
          "context '%s' is '%s': give names of regions with a comma between them, such as us-east-1,eu-central-1"
              .formatted(context, value));
    }
    return names;
  }

  private static String witnessOf(final Object witness) {
    if (witness == null || witness instanceof String name && !name.isEmpty()) {
      return (String) witness;
    }
    throw new IllegalArgumentException(
        "context 'witness' is '%s': give the name of a region, or leave it out for three replicas".formatted(witness));
  }

  /** The first two regions of a mode, each drilled from the other one. */
  private static Map<String, String> eachFromTheOther(final Mode mode, final List<String> replicas) {
    List<String> known = replicas.containsAll(mode.replicas) ? mode.replicas : replicas;
    Map<String, String> drilledFrom = new LinkedHashMap<>();
    drilledFrom.put(known.get(0), known.get(1));
    drilledFrom.put(known.get(1), known.get(0));
    return drilledFrom;
  }

  /** A context value that names one of a few; the last argument when it is not given. */
  public static <T extends Enum<T>> T oneOf(final Class<T> kind, final String context, final Object asked, final T otherwise) {
    if (asked == null) {
      return otherwise;
    }
    List<String> names = Arrays.stream(kind.getEnumConstants()).map(Enum::name).toList();
    if (!(asked instanceof String name) || !names.contains(name)) {
      throw new IllegalArgumentException("context '%s' is '%s': give %s, or leave it out for %s"
          .formatted(context, asked, String.join(" or ", names), otherwise));
    }
    return Enum.valueOf(kind, name);
  }
}
