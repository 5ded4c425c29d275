package app;

import io.github.cdkmultiregionpayments.ActiveActivePaymentsApi;
import io.github.cdkmultiregionpayments.CrossRegionEventMesh;
import io.github.cdkmultiregionpayments.IdempotentConsumer;
import io.github.cdkmultiregionpayments.IdempotentLedgerTable;
import io.github.cdkmultiregionpayments.JwtAuthorizationProps;
import io.github.cdkmultiregionpayments.LedgerOutbox;
import io.github.cdkmultiregionpayments.LedgerReplica;
import io.github.cdkmultiregionpayments.MeshTransport;
import io.github.cdkmultiregionpayments.PaymentRegions;
import io.github.cdkmultiregionpayments.PaymentsAuthorization;
import io.github.cdkmultiregionpayments.PaymentsDomainProps;
import io.github.cdkmultiregionpayments.StrongRegionsProps;
import java.util.List;
import software.amazon.awscdk.App;
import software.amazon.awscdk.AppProps;
import software.amazon.awscdk.Environment;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.StackProps;
import software.amazon.awscdk.services.certificatemanager.Certificate;
import software.amazon.awscdk.services.lambda.Function;
import software.amazon.awscdk.services.route53.HostedZone;
import software.amazon.awscdk.services.route53.HostedZoneAttributes;

public final class PaymentsApp {
    private PaymentsApp() {}

    public static void main(final String[] args) {
        App app = new App(AppProps.builder().analyticsReporting(false).build());
        StackProps stackProps = StackProps.builder()
            .env(Environment.builder().account("111111111111").region("us-east-1").build())
            .build();
        String systemName = "acme-pay";
        PaymentRegions regions = PaymentRegions.strong(StrongRegionsProps.builder()
            .replicas(List.of("us-east-1", "us-west-2"))
            .witness("us-east-2")
            .build());

        IdempotentLedgerTable.Builder.create(new Stack(app, "Ledger", stackProps), "Ledger")
            .systemName(systemName)
            .regions(regions)
            .build();

        CrossRegionEventMesh mesh = CrossRegionEventMesh.Builder.create(new Stack(app, "Mesh", stackProps), "Mesh")
            .systemName(systemName)
            .regions(regions.getReplicas())
            .transport(MeshTransport.rules())
            .build();

        Stack stack = new Stack(app, "Api", stackProps);
        LedgerReplica ledger = LedgerReplica.of(stack, systemName, regions);
        LedgerOutbox.Builder.create(stack, "Outbox").ledger(ledger).mesh(mesh).build();
        IdempotentConsumer.Builder.create(stack, "Consumer")
            .mesh(mesh)
            .consumerName("orders")
            .types(List.of("payment.captured"))
            .handler(Function.fromFunctionName(stack, "Orders", "orders"))
            .build();
        ActiveActivePaymentsApi.Builder.create(stack, "Api")
            .ledger(ledger)
            .authorization(PaymentsAuthorization.jwt(JwtAuthorizationProps.builder()
                .issuer("https://login.example.com/")
                .audience(List.of("payments"))
                .tenantClaim("tenant")
                .build()))
            .domain(PaymentsDomainProps.builder()
                .name("pay.example.com")
                .hostedZone(HostedZone.fromHostedZoneAttributes(stack, "Zone", HostedZoneAttributes.builder()
                    .hostedZoneId("Z0123456789ABCDEFGHIJ")
                    .zoneName("example.com")
                    .build()))
                .certificate(Certificate.fromCertificateArn(stack, "Certificate",
                    "arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000"))
                .build())
            .build();

        app.synth();
    }
}
