package payments;

import io.github.cdkmultiregionpayments.ConsumerHandling;
import io.github.cdkmultiregionpayments.CrossRegionEventMesh;
import io.github.cdkmultiregionpayments.IdempotentConsumer;
import java.util.List;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.RemovalPolicy;
import software.amazon.awscdk.services.dynamodb.Attribute;
import software.amazon.awscdk.services.dynamodb.AttributeType;
import software.amazon.awscdk.services.dynamodb.BillingMode;
import software.amazon.awscdk.services.dynamodb.CfnTable;
import software.amazon.awscdk.services.dynamodb.PointInTimeRecoverySpecification;
import software.amazon.awscdk.services.dynamodb.Table;
import software.amazon.awscdk.services.iam.Role;
import software.amazon.awscdk.services.iam.ServicePrincipal;
import software.amazon.awscdk.services.lambda.Architecture;
import software.amazon.awscdk.services.lambda.LoggingFormat;
import software.amazon.awscdk.services.lambda.Runtime;
import software.amazon.awscdk.services.lambda.Tracing;
import software.amazon.awscdk.services.lambda.nodejs.BundlingOptions;
import software.amazon.awscdk.services.lambda.nodejs.NodejsFunction;
import software.amazon.awscdk.services.logs.LogGroup;
import software.amazon.awscdk.services.logs.RetentionDays;
import software.constructs.Construct;

/**
 * Records every payment's events in its region, each of them once: what a team does with them, in any language, takes this one's place. Its
 * function reads the queue itself, by {@code idempotentConsumer} of the package's runtime, which Node.js has. What it has recorded is in
 * {@code <systemName>-recorder-effects}, with {@code effects} = 1 for each event.
 */
public class Recorder extends Construct {
  private final IdempotentConsumer consumer;

  public Recorder(final Construct scope, final String id, final CrossRegionEventMesh mesh) {
    super(scope, id);
    Table effects = Table.Builder.create(this, "Effects")
        .tableName(mesh.getSystemName() + "-recorder-effects")
        .partitionKey(Attribute.builder().name("pk").type(AttributeType.STRING).build())
        .billingMode(BillingMode.PAY_PER_REQUEST)
        .pointInTimeRecoverySpecification(
            PointInTimeRecoverySpecification.builder().pointInTimeRecoveryEnabled(true).build())
        .removalPolicy(RemovalPolicy.RETAIN)
        .build();
    ((CfnTable) effects.getNode().getDefaultChild()).addMetadata("effects-of-consumer", "recorder");

    LogGroup logGroup = LogGroup.Builder.create(this, "Logs")
        .retention(RetentionDays.ONE_MONTH)
        .removalPolicy(RemovalPolicy.DESTROY)
        .build();
    Role role = Role.Builder.create(this, "Role").assumedBy(new ServicePrincipal("lambda.amazonaws.com")).build();
    logGroup.grantWrite(role);
    NodejsFunction handler = NodejsFunction.Builder.create(this, "Function")
        .entry("functions/recorder/index.ts")
        .depsLockFilePath("functions/recorder/package-lock.json")
        .runtime(Runtime.NODEJS_24_X)
        .architecture(Architecture.ARM_64)
        .loggingFormat(LoggingFormat.JSON)
        // Time for two attempts of the consumer's handlerTimeout, one after the other.
        .timeout(Duration.seconds(35))
        .memorySize(512)
        .tracing(Tracing.ACTIVE)
        // With the SDK inside it starts faster, and is the same wherever it runs.
        .bundling(BundlingOptions.builder()
            .externalModules(List.of())
            .minify(true)
            .mainFields(List.of("module", "main"))
            .build())
        .logGroup(logGroup)
        .role(role)
        .build();
    this.consumer = IdempotentConsumer.Builder.create(this, "Consumer")
        .mesh(mesh)
        .consumerName("recorder")
        .handler(handler)
        .handling(ConsumerHandling.WRAPPED)
        .handlerTimeout(Duration.seconds(10))
        .build();
    handler.addEnvironment("EFFECTS_TABLE", effects.getTableName());
    effects.grant(handler, "dynamodb:UpdateItem");
  }

  public IdempotentConsumer getConsumer() {
    return consumer;
  }
}
