package payments;

import io.github.cdkmultiregionpayments.ActiveActivePaymentsApi;
import io.github.cdkmultiregionpayments.CanaryClientProps;
import io.github.cdkmultiregionpayments.CrossRegionEventMesh;
import io.github.cdkmultiregionpayments.DashboardApprovals;
import io.github.cdkmultiregionpayments.DashboardCutover;
import io.github.cdkmultiregionpayments.DrillProberProps;
import io.github.cdkmultiregionpayments.EdgeDomainProps;
import io.github.cdkmultiregionpayments.HomeAuthorityTable;
import io.github.cdkmultiregionpayments.IdempotentLedgerTable;
import io.github.cdkmultiregionpayments.JwtAuthorizationProps;
import io.github.cdkmultiregionpayments.LedgerKey;
import io.github.cdkmultiregionpayments.LedgerOutbox;
import io.github.cdkmultiregionpayments.LedgerReplica;
import io.github.cdkmultiregionpayments.LedgerReplicaOptions;
import io.github.cdkmultiregionpayments.PaymentsAuthorization;
import io.github.cdkmultiregionpayments.PaymentsCanary;
import io.github.cdkmultiregionpayments.PaymentsDashboard;
import io.github.cdkmultiregionpayments.PaymentsDomainProps;
import io.github.cdkmultiregionpayments.PaymentsEdge;
import io.github.cdkmultiregionpayments.RegionDrill;
import io.github.cdkmultiregionpayments.RegionDrillKind;
import io.github.cdkmultiregionpayments.RegionFault;
import io.github.cdkmultiregionpayments.ReplicatedDocuments;
import io.github.cdkmultiregionpayments.ReplicatedSite;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.certificatemanager.Certificate;
import software.amazon.awscdk.services.certificatemanager.CertificateValidation;
import software.amazon.awscdk.services.route53.HostedZone;
import software.amazon.awscdk.services.route53.HostedZoneAttributes;
import software.amazon.awscdk.services.route53.IHostedZone;
import software.amazon.awscdk.services.secretsmanager.Secret;
import software.constructs.Construct;

/** The stacks: keys, then the tables and the mesh, then the regions. */
public final class PaymentsSystem {
  private PaymentsSystem() {}

  /** What stands beside the system and is to be seen on its dashboard; null for what there is not. */
  public record Beside(List<DashboardApprovals> approvals, DashboardCutover cutover) {
    static final Beside NOTHING = new Beside(null, null);
  }

  /** Makes all stacks and returns those of the regions. */
  public static List<RegionStack> define(final Construct app, final Config config, final Beside beside) {
    String name = config.systemName();
    List<String> replicas = config.regions().getReplicas();
    List<Stack> first = new ArrayList<>();
    for (String region : replicas) {
      Stack key = stack(app, name + "-key-" + region, config, region);
      // First of all: the table is encrypted with it from the start.
      LedgerKey.Builder.create(key, "LedgerKey").systemName(name).regions(config.regions()).build();
      first.add(key);
    }
    List<Stack> tables = defineTables(app, config);
    first.forEach(tables.get(0)::addStackDependency);
    List<CrossRegionEventMesh> meshes = new ArrayList<>();
    for (String region : replicas) {
      // By itself: a team's own events can use it too.
      meshes.add(CrossRegionEventMesh.Builder.create(stack(app, name + "-mesh-" + region, config, region), "Mesh")
          .systemName(name)
          .regions(replicas)
          .transport(config.transport())
          .build());
    }
    List<Stack> alarmed = new ArrayList<>();
    meshes.forEach(mesh -> alarmed.add(Stack.of(mesh)));
    if (config.parts().edge() != null) {
      alarmed.add(defineEdge(app, config));
    }
    if (config.parts().documents()) {
      alarmed.addAll(defineDocuments(app, config));
    }
    List<RegionStack> regions = new ArrayList<>();
    for (CrossRegionEventMesh mesh : meshes) {
      String region = replicas.get(regions.size());
      RegionStack stack = new RegionStack(app, name + "-" + region, config, propsIn(config, region), mesh, beside);
      tables.forEach(stack::addStackDependency);
      stack.addStackDependency(Stack.of(mesh));
      regions.add(stack);
    }
    alarmed.addAll(regions);
    sendAlarms(app, config, alarmed);
    return regions;
  }

  /** A topic in each region that has alarms, and each alarm to it. */
  private static void sendAlarms(final Construct app, final Config config, final List<Stack> alarmed) {
    for (String region : new LinkedHashSet<>(alarmed.stream().map(Stack::getRegion).toList())) {
      List<Stack> here = alarmed.stream().filter(stack -> stack.getRegion().equals(region)).toList();
      here.forEach(stack -> Alarms.send(stack, config));
      if (!config.alarms().topicArns().containsKey(region)) {
        Stack topic = stack(app, config.systemName() + "-alarms-" + region, config, region);
        Alarms.defineTopic(topic, config);
        here.forEach(stack -> stack.addStackDependency(topic));
      }
    }
  }

  /** The ledger's table of all regions, made from one of them; and where one region is home, the table that says which. */
  private static List<Stack> defineTables(final Construct app, final Config config) {
    List<Stack> tables = new ArrayList<>();
    Stack ledger = stack(app, config.systemName() + "-ledger", config, config.ledgerRegion());
    IdempotentLedgerTable.Builder.create(ledger, "Ledger")
        .systemName(config.systemName())
        .regions(config.regions())
        .tags(Map.of("system", config.systemName()))
        .build();
    tables.add(ledger);
    if (config.regions().getAuthority() != null) {
      Stack authority =
          stack(app, config.systemName() + "-authority", config, config.regions().getAuthority().getReplicas().get(0));
      HomeAuthorityTable.Builder.create(authority, "Authority")
          .systemName(config.systemName())
          .regions(config.regions())
          .tags(Map.of("system", config.systemName()))
          .build();
      tables.add(authority);
    }
    return tables;
  }

  /** What browsers ask: in us-east-1, as CloudFront wants it, and by itself. It finds the buckets and the API by their names. */
  private static Stack defineEdge(final Construct app, final Config config) {
    Stack stack = stack(app, config.systemName() + "-edge", config, "us-east-1");
    String name = config.parts().edge().name();
    IHostedZone hostedZone = zone(stack, config.domain());
    PaymentsEdge.Builder.create(stack, "Edge")
        .systemName(config.systemName())
        .regions(config.regions().getReplicas())
        .apiName(config.domain().name())
        .domain(EdgeDomainProps.builder()
            .name(name)
            .hostedZone(hostedZone)
            .certificate(certificate(stack, name, hostedZone))
            .build())
        .build();
    return stack;
  }

  /** Each region's documents. By themselves: the first region's stack sets the rules for all, and so comes after the others. */
  private static List<Stack> defineDocuments(final Construct app, final Config config) {
    // The rules stay in one stack, whatever regions are added and in whatever order they stand.
    List<String> regions = new ArrayList<>(config.regions().getReplicas());
    regions.remove(config.ledgerRegion());
    regions.add(0, config.ledgerRegion());
    List<Stack> stacks = new ArrayList<>();
    for (String region : config.regions().getReplicas()) {
      Stack stack = stack(app, config.systemName() + "-documents-" + region, config, region);
      ReplicatedDocuments.Builder.create(stack, "Documents").systemName(config.systemName()).regions(regions).build();
      stacks.add(stack);
    }
    return stacks;
  }

  /** What takes payments in one region, and tells of them. It refers to no other stack, so it deploys while another region is down. */
  public static final class RegionStack extends Stack {
    private final ActiveActivePaymentsApi api;
    private final CrossRegionEventMesh mesh;

    RegionStack(
        final Construct scope,
        final String id,
        final Config config,
        final StackProps props,
        final CrossRegionEventMesh mesh,
        final Beside beside) {
      super(scope, id, props);
      this.mesh = mesh;
      Config.Canary canary = config.parts().canary();
      LedgerReplica ledger = LedgerReplica.of(this, config.systemName(), config.regions(), LedgerReplicaOptions.builder()
          .syntheticTenants(canary == null ? List.of() : List.of(canary.tenant()))
          .build());
      this.api = defineApi(config, ledger);
      LedgerOutbox outbox = LedgerOutbox.Builder.create(this, "Outbox").ledger(ledger).mesh(mesh).build();
      Recorder recorder = new Recorder(this, "Recorder", mesh);
      if (config.parts().edge() != null) {
        ReplicatedSite.Builder.create(this, "Site")
            .systemName(config.systemName())
            .regions(config.regions().getReplicas())
            .folder(config.parts().edge().folder())
            .build();
      }
      PaymentsCanary payer = canary == null ? null : defineCanary(config, canary);
      if (config.parts().dashboard()) {
        PaymentsDashboard.Builder.create(this, "Operations")
            .api(api)
            .mesh(mesh)
            .outbox(outbox)
            .consumers(List.of(recorder.getConsumer()))
            .canary(payer)
            .approvals(beside.approvals())
            .cutover(beside.cutover())
            .build();
      }
      config.drilledFrom().forEach((drilled, from) -> {
        if (config.parts().drill() != null && from.equals(getRegion())) {
          defineDrill(config, drilled);
        }
        if (mayFault(config) && drilled.equals(getRegion())) {
          RegionFault.Builder.create(this, "Fault").api(api).mesh(mesh).build();
        }
      });
    }

    public ActiveActivePaymentsApi getApi() {
      return api;
    }

    public CrossRegionEventMesh getMesh() {
      return mesh;
    }

    private ActiveActivePaymentsApi defineApi(final Config config, final LedgerReplica ledger) {
      IHostedZone hostedZone = zone(this, config.domain());
      return ActiveActivePaymentsApi.Builder.create(this, "Api")
          .ledger(ledger)
          .authorization(PaymentsAuthorization.jwt(JwtAuthorizationProps.builder()
              .issuer(config.callers().issuer())
              .audience(config.callers().audience())
              .tenantClaim(config.callers().tenantClaim())
              .build()))
          .domain(PaymentsDomainProps.builder()
              .name(config.domain().name())
              .hostedZone(hostedZone)
              .records(config.domain().records())
              .certificate(certificate(this, config.domain().name(), hostedZone))
              .build())
          .build();
    }

    /** The secret holds the canaries' OAuth client: see docs/canary.md. */
    private PaymentsCanary defineCanary(final Config config, final Config.Canary canary) {
      return PaymentsCanary.Builder.create(this, "Canary")
          .api(api)
          .tenant(canary.tenant())
          .publicName(config.domain().name())
          .client(CanaryClientProps.builder()
              .tokenUrl(canary.tokenUrl())
              .clientSecret(Secret.fromSecretNameV2(this, "CanaryClient", config.systemName() + "/canary-client"))
              .build())
          .build();
    }

    /** The secret holds the prober's OAuth client: see docs/drill.md. */
    private void defineDrill(final Config config, final String drilled) {
      RegionDrill.Builder.create(this, "Drill")
          .api(api)
          .mesh(mesh)
          .region(drilled)
          .kind(config.parts().drill().faults() == Config.Faults.BY_SCHEDULE ? RegionDrillKind.FAULT : RegionDrillKind.DRAIN)
          .faults(mayFault(config))
          .publicName(config.domain().name())
          .zoneName(config.domain().zoneName())
          .prober(DrillProberProps.builder()
              .tokenUrl(config.parts().drill().tokenUrl())
              .clientSecret(Secret.fromSecretNameV2(this, "DrillClient", config.systemName() + "/drill-client"))
              .build())
          .topic(Alarms.of(this, config))
          .build();
    }
  }

  /** Whether a region may be drilled by an experiment that makes its functions fail. */
  private static boolean mayFault(final Config config) {
    return config.parts().drill() != null && config.parts().drill().faults() != Config.Faults.NONE;
  }

  private static Stack stack(final Construct scope, final String id, final Config config, final String region) {
    return new Stack(scope, id, propsIn(config, region));
  }

  /** Where a stack is. */
  public static StackProps propsIn(final Config config, final String region) {
    return StackProps.builder().env(Environment.builder().account(config.account()).region(region).build()).build();
  }

  /** The hosted zone of the public name, as a stack refers to it. */
  public static IHostedZone zone(final Construct scope, final Config.Domain domain) {
    return HostedZone.fromHostedZoneAttributes(
        scope, "Zone", HostedZoneAttributes.builder().hostedZoneId(domain.hostedZoneId()).zoneName(domain.zoneName()).build());
  }

  private static Certificate certificate(final Construct scope, final String name, final IHostedZone hostedZone) {
    return Certificate.Builder.create(scope, "Certificate")
        .domainName(name)
        .validation(CertificateValidation.fromDns(hostedZone))
        .build();
  }
}
