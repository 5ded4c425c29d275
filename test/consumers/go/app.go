package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/jsii-runtime-go"
	payments "github.com/cdk-multi-region-payments/cdk-multi-region-payments-go/cdkmultiregionpayments"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})
	stackProps := awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("111111111111"), Region: jsii.String("us-east-1")}}
	systemName := jsii.String("acme-pay")
	regions := payments.PaymentRegions_Strong(&payments.StrongRegionsProps{
		Replicas: jsii.Strings("us-east-1", "us-west-2"),
		Witness:  jsii.String("us-east-2"),
	})

	payments.NewIdempotentLedgerTable(awscdk.NewStack(app, jsii.String("Ledger"), &stackProps), jsii.String("Ledger"),
		&payments.IdempotentLedgerTableProps{SystemName: systemName, Regions: regions})

	mesh := payments.NewCrossRegionEventMesh(awscdk.NewStack(app, jsii.String("Mesh"), &stackProps), jsii.String("Mesh"),
		&payments.CrossRegionEventMeshProps{SystemName: systemName, Regions: regions.Replicas(), Transport: payments.MeshTransport_Rules()})

	stack := awscdk.NewStack(app, jsii.String("Api"), &stackProps)
	ledger := payments.LedgerReplica_Of(stack, systemName, regions, nil)
	payments.NewLedgerOutbox(stack, jsii.String("Outbox"), &payments.LedgerOutboxProps{Ledger: ledger, Mesh: mesh})
	payments.NewIdempotentConsumer(stack, jsii.String("Consumer"), &payments.IdempotentConsumerProps{
		Mesh:         mesh,
		ConsumerName: jsii.String("orders"),
		Types:        jsii.Strings("payment.captured"),
		Handler:      awslambda.Function_FromFunctionName(stack, jsii.String("Orders"), jsii.String("orders")),
	})
	payments.NewActiveActivePaymentsApi(stack, jsii.String("Api"), &payments.ActiveActivePaymentsApiProps{
		Ledger: ledger,
		Authorization: payments.PaymentsAuthorization_Jwt(&payments.JwtAuthorizationProps{
			Issuer:      jsii.String("https://login.example.com/"),
			Audience:    jsii.Strings("payments"),
			TenantClaim: jsii.String("tenant"),
		}),
		Domain: &payments.PaymentsDomainProps{
			Name: jsii.String("pay.example.com"),
			HostedZone: awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
				HostedZoneId: jsii.String("Z0123456789ABCDEFGHIJ"),
				ZoneName:     jsii.String("example.com"),
			}),
			Certificate: awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("Certificate"),
				jsii.String("arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000")),
		},
	})

	app.Synth(nil)
}
