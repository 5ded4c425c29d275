package system

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdanodejs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"
)

// NewRecorder records every payment's events in its region, each of them once: what a team does with them, in any language, takes this
// one's place. Its function reads the queue itself, by `idempotentConsumer` of the package's runtime, which Node.js has. What it has
// recorded is in `<SystemName>-recorder-effects`, with `effects` = 1 for each event.
func NewRecorder(scope constructs.Construct, id string, mesh payments.CrossRegionEventMesh) payments.IdempotentConsumer {
	recorder := constructs.NewConstruct(scope, &id)
	effects := awsdynamodb.NewTable(recorder, jsii.String("Effects"), &awsdynamodb.TableProps{
		TableName:    jsii.String(*mesh.SystemName() + "-recorder-effects"),
		PartitionKey: &awsdynamodb.Attribute{Name: jsii.String("pk"), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:  awsdynamodb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	effects.Node().DefaultChild().(awsdynamodb.CfnTable).AddMetadata(jsii.String("effects-of-consumer"), "recorder")

	logGroup := awslogs.NewLogGroup(recorder, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(recorder, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	logGroup.GrantWrite(role)
	handler := awslambdanodejs.NewNodejsFunction(recorder, jsii.String("Function"), &awslambdanodejs.NodejsFunctionProps{
		Entry:            jsii.String("functions/recorder/index.ts"),
		DepsLockFilePath: jsii.String("functions/recorder/package-lock.json"),
		Runtime:          awslambda.Runtime_NODEJS_24_X(),
		Architecture:     awslambda.Architecture_ARM_64(),
		LoggingFormat:    awslambda.LoggingFormat_JSON,
		// Time for two attempts of the consumer's HandlerTimeout, one after the other.
		Timeout:    awscdk.Duration_Seconds(jsii.Number(35)),
		MemorySize: jsii.Number(512),
		Tracing:    awslambda.Tracing_ACTIVE,
		// With the SDK inside it starts faster, and is the same wherever it runs.
		Bundling: &awslambdanodejs.BundlingOptions{
			ExternalModules: &[]*string{},
			Minify:          jsii.Bool(true),
			MainFields:      jsii.Strings("module", "main"),
		},
		LogGroup: logGroup,
		Role:     role,
	})
	consumer := payments.NewIdempotentConsumer(recorder, jsii.String("Consumer"), &payments.IdempotentConsumerProps{
		Mesh:           mesh,
		ConsumerName:   jsii.String("recorder"),
		Handler:        handler,
		Handling:       payments.ConsumerHandling_WRAPPED,
		HandlerTimeout: awscdk.Duration_Seconds(jsii.Number(10)),
	})
	handler.AddEnvironment(jsii.String("EFFECTS_TABLE"), effects.TableName(), nil)
	effects.Grant(handler, jsii.String("dynamodb:UpdateItem"))
	return consumer
}
